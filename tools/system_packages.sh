# Installs the Debian or Ubuntu packages that `make thorough` needs beside Python's, where root can; says which, elsewhere.
# NO_APT=1 declines.
#
# The driver of the virtual reader is only unpacked, into build/vpcd. Its package is never installed: it would make every
# PC/SC service of this machine listen on two ports of all network interfaces, for whoever wants to play a card.
set -eu
driver=build/vpcd/usr/lib/pcsc/drivers/serial/libifdvpcd.so

packages() {
    echo pcscd opensc opensc-pkcs11 openssl openssh-client iproute2 util-linux  # a PC/SC service, its clients, its cage
    echo pcsc-tools libengine-pkcs11-openssl  # more clients
    echo poppler-utils unzip                  # other readers of signed PDF files, and of packages
    echo libnss3-tools qpdf                   # the keys with which poppler signs; another writer of PDF files
    echo pinentry-gtk2 pinentry-qt python3-tk xvfb xdotool  # windows that ask for a PIN, and a screen to show them on
    echo tshark                               # another reader of APDUs
    if grep -qs '^ID=debian' /etc/os-release; then
        echo chromium firefox-esr             # pages that log in with the card; Ubuntu's are snaps, which start no host
    fi
    if ! command -v java >/dev/null || ! command -v javac >/dev/null; then
        echo default-jdk-headless  # and one that is written in Java
    fi
    command -v mvn >/dev/null || echo maven  # fetches another reader of signatures: tools/dss.sh
    echo gcc libc6-dev libpcsclite-dev                                          # pyscard is compiled
    if python=$(sh tools/python.sh); then
        "$python" -c '
import os, sys, sysconfig
name = f"python{sys.version_info.major}.{sys.version_info.minor}"
if sys.executable.startswith("/usr/bin/"):
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        print(f"{name}-dev")
    try:
        import ensurepip
    except ImportError:
        print(f"{name}-venv")
'
    fi
}

missing() {
    for package in $(packages); do
        case $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) echo "$package" ;;
        esac
    done
}

get_driver() {
    mkdir -p build/vpcd
    (cd build/vpcd && apt-get -qq -o APT::Sandbox::User=root download vsmartcard-vpcd && dpkg -x vsmartcard-vpcd_*.deb .)
}

if [ -n "${NO_APT:-}" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    if [ "$(uname -s)" = Linux ] && [ ! -e "$driver" ]; then
        echo "Tests with PC/SC need the equivalents of these Debian packages: $(packages | tr '\n' ' ')vsmartcard-vpcd" >&2
    fi
    exit 0
fi

wanted=$(missing | tr '\n' ' ')
if [ -n "$wanted" ] && [ "$(id -u)" = 0 ]; then
    echo "Installing with apt-get, for the tests (NO_APT=1 declines): $wanted" >&2
    mkdir -p build
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $wanted; } \
        >build/apt.log 2>&1 || cat build/apt.log >&2
elif [ -n "$wanted" ]; then
    echo "Tests with PC/SC need packages that only root can install: apt-get install $wanted" >&2
fi
if [ ! -e "$driver" ]; then
    get_driver 2>/dev/null || { [ "$(id -u)" = 0 ] && apt-get -qq update && get_driver; } ||
        echo "The driver of the virtual reader (vsmartcard-vpcd) could not be fetched." >&2
fi
