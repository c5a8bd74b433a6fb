// PCM as the protocol carries it: base64 of little-endian 16-bit samples.

export function encode(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export function decode(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length & ~1);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = raw.charCodeAt(at);
  return new Int16Array(bytes.buffer);
}
