#!/bin/sh
# Install palaver into a virtual environment of its own.
#
#     deploy/install.sh PREFIX [SOURCE [EXTRAS]]
#
# PREFIX   the folder to create, /opt/palaver for the systemd unit and the container
# SOURCE   a wheel or a source folder; this repository by default
# EXTRAS   optional parts, separated by commas: speech (the default), fast, voices; none for none
#
# PYTHON names the interpreter, python3 by default; 3.11 or newer is needed.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: $0 PREFIX [SOURCE [EXTRAS]]" >&2
    exit 2
fi
prefix=$1
source=${2:-$(dirname "$0")/..}
extras=${3:-speech}
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "palaver needs Python 3.11 or newer: PYTHON=python3.11 $0 $*" >&2
    exit 1
fi
[ "$extras" = none ] && requirement=$source || requirement="$source[$extras]"

"$python" -m venv "$prefix"
"$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir "$requirement"
"$prefix/bin/palaver" --help > /dev/null
echo "installed: $prefix/bin/palaver"
