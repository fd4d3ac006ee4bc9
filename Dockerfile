# kpromo with git, a shell and CA certificates, for linux/amd64 and linux/arm64. docs/container.md describes how to run it.
#
# Both bases are indexes of several platforms. Change a tag together with its digest.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe
ARG DEBIAN_IMAGE=docker.io/library/debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f

# The files of the npm package. They contain no machine code: they are built once, on the builder's own platform.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS package
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY tools/setup.mjs tools/
COPY tools/node/package.json tools/node/
# Runs `npm ci --ignore-scripts`, again only if one of these files changes.
RUN --mount=type=cache,target=/root/.npm node tools/setup.mjs exec --version
COPY . .
RUN node tools/setup.mjs \
 && npm pack --ignore-scripts --silent \
 && mkdir /package \
 && tar --extract --gzip --no-same-owner --strip-components=1 --directory=/package --file kpromo-*.tgz

# Of Node.js only the program, as nodejs.org publishes it, and its licence.
FROM ${NODE_IMAGE} AS node
RUN mkdir -p /node/bin /node/share/doc/nodejs \
 && cp /usr/local/bin/node /node/bin/ \
 && cp /usr/local/LICENSE /node/share/doc/nodejs/copyright

FROM ${DEBIAN_IMAGE} AS system
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates git libstdc++6
# Removes the packages that no run needs: git uses Perl for git svn, git send-email and the like only; the others manage
# packages, users, sessions and devices. dpkg removes them, so that its database, which vulnerability scanners read, lists
# exactly the packages that are left. Perl goes last, since the others' removal scripts use it.
RUN purge="dpkg --purge --force-depends --force-remove-essential --force-remove-protected" \
 && $purge apt libapt-pkg7.0 sqv debian-archive-keyring login login.defs mount passwd openssl \
      git-man liberror-perl perl perl-modules-5.40 libperl5.40 libgdbm6t64 libgdbm-compat4t64 \
 && $purge perl-base
# The user is an entry of /etc/passwd because git reads names from it. Group 0 may write to HOME as well: OpenShift runs
# containers with that group and a user ID of its choice.
RUN echo 'kpromo:x:65532:65532:kpromo:/home/kpromo:/bin/sh' >> /etc/passwd \
 && echo 'kpromo:x:65532:' >> /etc/group \
 && install --directory --owner=65532 --group=0 --mode=0775 /home/kpromo /workspace
# A checkout often belongs to another user than the one of the container, and git then refuses to read it. These are the
# places where jobs mount one; below them git trusts any owner.
RUN git config --system --add safe.directory /workspace \
 && git config --system --add safe.directory '/workspace/*' \
 && git config --system --add safe.directory '/home/prow/go/src/*'
# git's servers and mail programs are not used either. The package links git into its own folder: a copy would double it.
RUN cd /usr/lib/git-core \
 && rm git-daemon git-http-backend git-http-fetch git-http-push git-imap-send git-shell scalar \
      /usr/bin/git-shell /usr/bin/git-receive-pack /usr/bin/scalar \
 && ln -sf ../../bin/git git
# Removes what is of use on a machine only, what differs from build to build, and each right that a process does not need:
# set-user-ID programs, and folders that everybody may write to, except /tmp.
RUN rm -rf /var/cache/* /var/lib/apt /var/log/* /var/mail /var/lib/dpkg/*-old /etc/*- /etc/apt /etc/cron* /etc/logrotate.d \
      /usr/share/info /usr/share/locale /usr/share/man /tmp/* \
 && find /usr/share/doc -type f ! -name copyright -delete \
 && find / -xdev -perm /6000 -exec chmod a-s '{}' + \
 && find / -xdev -type d -perm -0002 ! -path /tmp -exec chmod go-w '{}' + \
 && ln -s ../lib/kpromo/bin/kpromo /usr/local/bin/kpromo
COPY --from=node /node /usr/local
# Fails the build if a library of Node.js is missing on this platform.
RUN node --version

# Copied into an empty image, so that removed files take no space. One layer is the system, the other is kpromo.
FROM scratch
COPY --from=system / /
COPY --from=package /package /usr/local/lib/kpromo

ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="kpromo" \
      org.opencontainers.image.description="Promotes container images from staging to production registries as a reviewed Git tree of YAML says." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.url="https://github.com/kpromo/kpromo" \
      org.opencontainers.image.source="https://github.com/kpromo/kpromo" \
      org.opencontainers.image.documentation="https://github.com/kpromo/kpromo/blob/main/docs/container.md" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# HOME is the one folder that a run writes to: caches of Sigstore's keys, temporary files, credentials of helpers.
# Node.js trusts the system's bundle besides its own certificates, so that a bundle mounted there holds for kpromo and git. The
# folder is one without certificates: reading those of Debian's bundle again as single files takes 40 ms of each start.
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    HOME=/home/kpromo \
    TMPDIR=/home/kpromo \
    NODE_USE_SYSTEM_CA=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_DIR=/usr/local/share/ca-certificates
USER 65532:65532
WORKDIR /workspace
VOLUME /home/kpromo
ENTRYPOINT ["/usr/local/bin/kpromo"]
