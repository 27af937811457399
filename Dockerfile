# docker build -t lint502 . && docker run --rm -v "$PWD:/site:ro" lint502
FROM python:3.13-slim AS build
COPY . /source
RUN python -m venv /opt/lint502 \
    && /opt/lint502/bin/pip install --no-cache-dir --disable-pip-version-check /source

FROM python:3.13-slim
COPY --from=build /opt/lint502 /opt/lint502
WORKDIR /site
USER 65532:65532
ENV PATH=/opt/lint502/bin:$PATH
# -I: no module in /site is taken for one of Python's or lint502's
ENTRYPOINT ["/opt/lint502/bin/python", "-I", "-m", "lint502"]
CMD ["check"]
