FROM debian:12-slim AS build
COPY . /source
RUN /source/bootstrap build && cd /source/build/release && apt-get install -y --no-install-recommends dpkg-dev file && cpack -G DEB
FROM debian:12-slim
COPY --from=build /source/build/release/*.deb /tmp/
RUN apt-get update && apt-get install -y --no-install-recommends /tmp/*.deb && rm -rf /tmp/*.deb /var/lib/apt/lists/*
ENTRYPOINT ["tensor_relu_parallel"]
