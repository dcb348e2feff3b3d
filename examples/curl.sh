#!/usr/bin/env sh
# A streamed answer with nothing but curl: PALAVER_API_KEY=… sh examples/curl.sh
curl --no-buffer "${BASE_URL:-http://127.0.0.1:8000}/v1/chat/completions" \
  -H "Authorization: Bearer $PALAVER_API_KEY" -H 'Content-Type: application/json' \
  -d '{"model": "palaver/tiny", "stream": true,
       "messages": [{"role": "user", "content": "Say hello in Chinese."}]}'
