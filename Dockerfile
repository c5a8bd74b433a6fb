# The servers in a container: docker build -t voice . && docker run -p 8970:8970 -e VOICE_SERVE_API_KEYS=… voice
# Other commands follow the image's name: … voice kiosk --no-browser --host 0.0.0.0
FROM python:3.12-slim

COPY . /src
RUN pip install --no-cache-dir "/src[serve,redis,home,mcp,wyoming,wake]" \
 && rm -rf /src \
 && useradd --uid 1000 --create-home voice \
 && install -d -o voice -g voice /data

# Conversations, keys, models and what `voice setup` keeps; without a volume they go with the container.
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/data/config VOICE_MODELS_FOLDER=/data/models
VOLUME /data
USER 1000
EXPOSE 8970
HEALTHCHECK --interval=5s --timeout=3s CMD \
  ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8970/readyz', timeout=2)"]
# The exec form: a stop reaches the server itself, which lets replies finish.
ENTRYPOINT ["voice"]
CMD ["serve", "--host", "0.0.0.0"]
