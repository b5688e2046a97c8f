"""Takes a chart out of a page of --report, to stand alone: PAGE TITLE > FILE.svg

The chart has the page's colours, and a line that says where and when it was measured.
"""

import pathlib
import re
import sys

page, title = pathlib.Path(sys.argv[1]).read_text(), sys.argv[2]
svg = next((one for one in re.findall(r"<svg xmlns.*?</svg>", page, re.S)
            if re.search(rf"<title>{re.escape(title)}", one)), None)
if not svg:
    sys.exit(f"{sys.argv[1]}: there is no chart whose title begins with {title!r}")
facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page))
style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
section = re.findall(r"<h2>(.*?)</h2>", page[:page.index(svg)])[-1]
name = re.search(r"<title>(.*?)</title>", svg).group(1)
heading = f"{section[:1].upper()}{section[1:]}. {name}"
heading = heading if len(heading) <= 62 else name  # as wide as the chart
machine = facts["machine"].split(": ", 1)[1]
note = f'{facts["time"][:10]}, {machine}, {pathlib.Path(facts["data"]).name}'
left, top, width, height = map(float, re.search(r'viewBox="([^"]*)"', svg).group(1).split())
svg = re.sub(r'viewBox="[^"]*"',
             f'viewBox="-12 -36 {width + 24:g} {height + 64:g}" width="{width + 24:g}"', svg, count=1)
background = (f'<rect x="-12" y="-36" width="{width + 24:g}" height="{height + 64:g}" '
              'fill="var(--paper)"/>\n')
heading_text = f'<text x="0" y="-14" font-size="13" font-weight="600">{heading}</text>\n'
note_text = f'<text x="0" y="{height + 16:g}" class="title" font-size="9">{note}</text>\n'
svg = svg.replace("</desc>\n", f"</desc>\n<style>{style}</style>\n"
                  + background + heading_text, 1)
sys.stdout.write(svg.replace("</svg>", note_text + "</svg>\n"))
