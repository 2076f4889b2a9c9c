# Runs the tests of the rooms that lean on other packages, in the environment build/$1: with the "lowest" versions that
# pyproject.toml allows, or the "newest" of today. $CHECK is a Python with which the list is made.
set -eu
venv=build/$1
rooms='apdu images opening portal signing submission testing trust webeid test_aio.py cli/test_commands.py'

lowest() {
    "$CHECK" -c '
import re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = [line for lines in project["optional-dependencies"].values() for line in lines]
for line in sorted({*project["dependencies"], *extras}):
    name, version = re.match(r"([A-Za-z0-9-]+)(?:\[[a-z,]+\])?>=([0-9.]+)", line).groups()
    print(f"{name}=={version}" + "".join(re.findall(r";.*", line)))
'
}

if [ "$1" = lowest ]; then
    lowest > "$venv.txt"
    chosen="--constraint $venv.txt"
else
    chosen='--upgrade --upgrade-strategy eager'
fi
extras=async,client,images,pdf,server
if [ -e /usr/include/PCSC/winscard.h ]; then
    extras=$extras,pcsc
fi
[ -d "$venv" ] || "$CHECK" -m venv "$venv"
inside=$venv/bin/python
[ -x "$inside" ] || inside=$venv/Scripts/python
"$inside" -m pip --disable-pip-version-check --no-input install --quiet $chosen \
    --editable ".[$extras]" hypothesis jsonschema pytest pytest-xdist trio
"$inside" -m pytest -q -n auto --maxprocesses 4 --dist worksteal $(printf 'tests/%s ' $rooms)
