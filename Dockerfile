# The bundle is made outside (make build); the image holds it and Node, nothing else, and runs as nobody.
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot
FROM ${BASE}
WORKDIR /app
COPY dist/tallyman.mjs dist/tallyman.mjs.map ./
COPY LICENSE ./
USER 65534:65534
ENV NODE_ENV=production
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "/app/tallyman.mjs"]
CMD ["operator"]
