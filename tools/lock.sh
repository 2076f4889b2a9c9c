# Writes .github/locked: the packages that the workflow installs, with their hashes, in the newest versions of today.
# packages.txt has those that check mynacard, on all systems and Pythons; build.txt those that build it, and pyscard.
# Needs the environment build/venv.
set -eu
checking=$(ls build/venv/bin/python build/venv/Scripts/python 2>/dev/null | head -n 1)
lock() {
    output=$1
    shift
    "$checking" -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "sh tools/lock.sh" --output-file ".github/locked/$output" "$@"
}
lock packages.txt --extra dev --extra pcsc pyproject.toml
printf '%s\n' editables hatchling setuptools swig | lock build.txt -
