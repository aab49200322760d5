// The server's side of a websocket, just enough for the fake stream: text out, close in.
import { createHash } from 'node:crypto';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Answers an upgrade request; returns { send(text), close(code), ended }. */
export function accept(request, socket, onText = () => {}) {
  const key = createHash('sha1').update(request.headers['sec-websocket-key'] + guid).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
  const ended = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  let pending = Buffer.alloc(0);
  socket.on('data', (data) => {
    pending = Buffer.concat([pending, data]);
    for (let frame = takeFrame(); frame; frame = takeFrame()) {
      if (frame.opcode === 8) socket.end(Buffer.from([0x88, 0]));
      else if (frame.opcode === 1) onText(frame.payload.toString());
    }
  });
  function takeFrame() {
    if (pending.length < 6) return undefined;
    let length = pending[1] & 0x7f;
    let at = 2;
    if (length === 126) { length = pending.readUInt16BE(2); at = 4; }
    if (pending.length < at + 4 + length) return undefined;
    const mask = pending.subarray(at, at + 4);
    const payload = Buffer.from(pending.subarray(at + 4, at + 4 + length)).map((byte, i) => byte ^ mask[i % 4]);
    const opcode = pending[0] & 0x0f;
    pending = pending.subarray(at + 4 + length);
    return { opcode, payload };
  }
  return {
    ended,
    send(text) {
      const body = Buffer.from(text);
      const head = body.length < 126 ? Buffer.from([0x81, body.length])
        : body.length < 65536 ? Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
          : Buffer.concat([Buffer.from([0x81, 127]), (() => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(body.length)); return b; })()]);
      if (!socket.destroyed) socket.write(Buffer.concat([head, body]));
    },
    close() { socket.destroy(); },
  };
}
