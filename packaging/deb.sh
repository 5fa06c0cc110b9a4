#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# deb.sh FOLDER VERSION DEB: makes a Debian package of FOLDER/root, into which `make install
# PREFIX=/usr` has installed. Nothing in it depends on when, where and by whom it is made, but on
# SOURCE_DATE_EPOCH: the same source gives the same bytes. MAINTAINER is "Name <address>".
set -euo pipefail
: "${SOURCE_DATE_EPOCH:?}" "${MAINTAINER:?}"
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deb=$(realpath -m "$3")
version=$2
cd "$1"

doc=root/usr/share/doc/migcheck
install -D -m 644 "$here/copyright" "$doc/copyright"
mkdir -p debian root/DEBIAN
install -m 755 "$here/postrm" root/DEBIAN/postrm
sed "s/@MAINTAINER@/$MAINTAINER/" "$here/control" > debian/control
cat > debian/changelog <<END
migcheck ($version) unstable; urgency=medium

  * Made from the source of $(date -d "@$SOURCE_DATE_EPOCH" +%F).

 -- $MAINTAINER  $(date -R -d "@$SOURCE_DATE_EPOCH")
END
gzip -9n < debian/changelog > "$doc/changelog.Debian.gz"
find root/usr/share/man -type f -exec gzip -9n {} +
strip --remove-section=.comment --remove-section=.note root/usr/bin/migcheck

# It warns of a binary that does not lie below debian/, where debhelper would have put it.
dpkg-shlibdeps -Tdebian/substvars -Sroot root/usr/bin/migcheck 2> debian/shlibdeps.log ||
	{ cat debian/shlibdeps.log >&2; exit 1; }
dpkg-gencontrol -cdebian/control -ldebian/changelog -fdebian/files -Tdebian/substvars -Proot
(cd root && find usr -type f -print0 | sort -z | xargs -0 md5sum) > root/DEBIAN/md5sums
mkdir -p "$(dirname "$deb")"
dpkg-deb --root-owner-group -Zxz --build root "$deb.new" > /dev/null
mv "$deb.new" "$deb"
