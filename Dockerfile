# The proxy on Deno's official image. It requires a token, --allow-host or --open, because it listens
# on all addresses.
#
#   docker build -t sphttp-proxy .
#   docker run --rm -p 8080:8080 -e SPHTTP_TOKEN sphttp-proxy
#
# With --port or --cert, replace the health check below (docker run --health-cmd).

FROM denoland/deno:2.9.6

WORKDIR /app
COPY deno.json deno.lock import_map.npm.json mod.ts metalink.ts server.ts ./
COPY lib lib

USER deno
RUN ["deno", "cache", "--frozen", "--import-map=import_map.npm.json", "server.ts"]

EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
  CMD ["deno", "eval", "Deno.exit((await fetch('http://127.0.0.1:8080/healthz')).ok ? 0 : 1)"]

# After SIGTERM, downloads may finish for --drain-timeout seconds (30): give docker stop that time.
STOPSIGNAL SIGTERM
ENTRYPOINT ["deno", "run", "--cached-only", "--import-map=import_map.npm.json", "--allow-net", \
  "--allow-read", "--allow-env=SPHTTP_TOKEN", "server.ts", "--host=0.0.0.0", "--port=8080"]
