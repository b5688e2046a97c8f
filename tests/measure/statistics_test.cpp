#include "measure/statistics.h"

#include <cmath>
#include <random>
#include <vector>

#include "catch.h"

using namespace trp;

using Values = std::vector<double>;

TEST_CASE("mean, deviation and quantiles of known values") {
  const Values values = {4, 1, 3, 2};
  CHECK(mean(values) == 2.5);
  CHECK(standard_deviation(values) == Approx(std::sqrt(5.0 / 3.0)));
  CHECK(median(values) == 2.5);
  CHECK(quantile(values, 0) == 1);
  CHECK(quantile(values, 1) == 4);
  CHECK(quantile(values, 0.25) == 1.75);
  CHECK(median(Values{5, 1, 9}) == 5);
  CHECK(standard_deviation(Values{7}) == 0);
  CHECK(median(Values{7}) == 7);
}

TEST_CASE("one value far from the others is an outlier, spread alone is not") {
  CHECK(count_outliers(Values{1.0, 1.01, 0.99, 1.02, 0.98, 5.0}) == 1);
  CHECK(count_outliers(Values{1, 2, 3, 4, 5, 6}) == 0);
  CHECK(count_outliers(Values{3}) == 0);
  CHECK(count_outliers(Values{2, 2, 2, 2}) == 0);
}

TEST_CASE("a spread is the median and the quartiles, and rates turn them around") {
  const Spread spread = spread_of(Values{4, 1, 2, 3, 5});
  CHECK(spread == Spread{3, 2, 4});
  CHECK(rate(12, spread) == Spread{4, 3, 6});
  CHECK(scaled(spread, 10) == Spread{30, 20, 40});
}

TEST_CASE("only quartiles on one side of 1 make a difference") {
  CHECK(is_faster({1.2, 1.01, 1.4}));
  CHECK(!is_faster({1.2, 0.99, 1.4}));
  CHECK(is_slower({0.8, 0.7, 0.99}));
  CHECK(!is_slower({0.8, 0.7, 1.01}));
}

TEST_CASE("Amdahl's law does not apply to one worker, nor to workers that are slower than one") {
  CHECK_FALSE(serial_fraction(1, 1));
  CHECK_FALSE(serial_fraction(0.99, 2));
  REQUIRE(serial_fraction(1.6, 2));
  CHECK(*serial_fraction(1.6, 2) == karp_flatt(1.6, 2));
}

TEST_CASE("Karp-Flatt and the fit find the serial fraction that Amdahl's law was given") {
  for (const double fraction : {0.0, 0.05, 0.3, 1.0}) {
    std::vector<SpeedupPoint> points;
    for (const int workers : {1, 2, 4, 8}) {
      const double speedup = amdahl_speedup(fraction, workers);
      points.push_back({workers, speedup});
      if (workers > 1) CHECK(karp_flatt(speedup, workers) == Approx(fraction).margin(1e-12));
    }
    CHECK(fit_amdahl(points) == Approx(fraction).margin(1e-12));
  }
  CHECK(amdahl_speedup(0.1, 1'000'000) == Approx(10).epsilon(1e-4));
  CHECK(efficiency(1.5, 2) == 0.75);
  CHECK(karp_flatt(1, 1) == 0);
  CHECK(karp_flatt(2.5, 2) < 0);
}

TEST_CASE("the fit stays between none and all serial, and needs no second worker") {
  CHECK(fit_amdahl(std::vector<SpeedupPoint>{{2, 3.0}}) == 0);
  CHECK(fit_amdahl(std::vector<SpeedupPoint>{{2, 0.5}}) == 1);
  CHECK(fit_amdahl(std::vector<SpeedupPoint>{{1, 1.0}}) == 0);
  CHECK(fit_amdahl({}) == 0);
}
