"""What launchers of before 2026-12 start: `./just plugins` replaces them, a plain `pulumi up` may come first."""

import sys

from fediversity.embedded_cloud.plugins.__main__ import main

if __name__ == "__main__":
    main(sys.argv[1:])
