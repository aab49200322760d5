# Porthole in one small image: the page is bundled, the server is compiled
# around it, and the last image holds that one static program and nothing else.
#
#   docker compose up                                        # the way to run it
#   docker build --build-arg NODE_IMAGE=… --build-arg GO_IMAGE=… .
#
# The two base images are arguments, so that a machine without a registry can
# build from images of its own. Both stages run on the machine that builds
# (BUILDPLATFORM; an older builder without it: "linux", which means the same)
# and the compiler crosses over to the machine asked for (TARGETARCH: amd64,
# arm64; empty means this machine's own).
ARG NODE_IMAGE=node:20-slim
ARG GO_IMAGE=golang:1.26

# The page: TypeScript and CSS become static/bundle.
FROM --platform=${BUILDPLATFORM:-linux} ${NODE_IMAGE} AS page
WORKDIR /source/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
COPY static ../static
RUN npm run build

# The server: one static program with the page, the lessons and the templates
# inside it.
FROM --platform=${BUILDPLATFORM:-linux} ${GO_IMAGE} AS server
WORKDIR /source
COPY go.mod go.sum ./
RUN go mod download
COPY demos demos
COPY server server
COPY templates templates
COPY static static
COPY --from=page /source/static/bundle static/bundle
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=linux GOARCH=${TARGETARCH} go build -trimpath -ldflags="-s -w" -o /porthole ./server

# Nothing else: no shell, no package, no certificate (it speaks to the engine's
# socket and to nobody else). It runs as root, because the engine's socket and
# other processes' namespaces are root's; docker-compose.yml says what is left
# of root's rights.
FROM scratch
COPY --from=server /porthole /porthole
# All addresses, because in a container the loopback cannot be published. Who
# may reach it is decided where the port is published.
ENV PORTHOLE_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/porthole", "healthcheck"]
ENTRYPOINT ["/porthole"]
CMD ["serve"]
