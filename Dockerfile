# docker build -t lint502 . && docker run --rm -v "$PWD:/site:ro" lint502
FROM debian:trixie-20260803-slim AS base
# Debian's stable release has one version of each, with its security fixes
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libnginx-mod-stream nginx python3 \
    && rm -rf /var/lib/apt/lists/*

FROM base AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY . /source
WORKDIR /source
RUN python3 -m venv /opt/build \
    && python3 -m venv --without-pip /opt/lint502 \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r container/build.txt \
    && /opt/build/bin/pip --python /opt/lint502 install --no-cache-dir --require-hashes \
        -r container/requirements.txt \
    && /opt/build/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/lint502 install --no-cache-dir --no-deps /wheel/*.whl

FROM base
ARG SOURCE
ARG VERSION
LABEL org.opencontainers.image.title="lint502" \
    org.opencontainers.image.description="Finds the nginx configuration changes that will answer 502 Bad Gateway, before they are deployed" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.source="$SOURCE" \
    org.opencontainers.image.version="$VERSION"
COPY --from=build /opt/lint502 /opt/lint502
WORKDIR /site
USER 65532:65532
ENV PATH=/opt/lint502/bin:$PATH
# -I: no module in /site is taken for one of Python's or lint502's
ENTRYPOINT ["/opt/lint502/bin/python", "-I", "-m", "lint502"]
CMD ["check"]
