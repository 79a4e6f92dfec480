/** How a receiver makes sure that a request is ours, by language. */
export const VERIFICATION: { language: string; code: string }[] = [
  {
    language: 'Node.js',
    code: `import { createHmac, timingSafeEqual } from 'node:crypto'

// \`body\` is the body as it arrived: a Buffer, before anything parsed it.
export function isFromFlaghoist(secret, headers, body, now = Date.now() / 1000) {
  const timestamp = headers['x-flaghoist-timestamp'] ?? ''
  const given = Buffer.from(headers['x-flaghoist-signature'] ?? '')
  const expected = Buffer.from('v1=' + createHmac('sha256', secret).update(timestamp + '.').update(body).digest('hex'))
  const isFresh = Math.abs(now - Number(timestamp)) < 300
  return isFresh && given.length === expected.length && timingSafeEqual(given, expected)
}`,
  },
  {
    language: 'Python',
    code: `import hashlib, hmac, time

# \`body\` are the bytes as they arrived, before anything parsed them.
def is_from_flaghoist(secret: str, headers: dict, body: bytes) -> bool:
    timestamp = headers["X-Flaghoist-Timestamp"]
    expected = "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_fresh = abs(time.time() - int(timestamp)) < 300
    return is_fresh and hmac.compare_digest(expected, headers["X-Flaghoist-Signature"])`,
  },
  {
    language: 'Go',
    code: `import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// body holds the bytes as they arrived, before anything parsed them.
func isFromFlaghoist(secret string, header http.Header, body []byte) bool {
	timestamp := header.Get("X-Flaghoist-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	expected := "v1=" + hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(expected), []byte(header.Get("X-Flaghoist-Signature")))
}`,
  },
]
