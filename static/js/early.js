// Written into the head of each page that has a stream, before the style sheets, so that the stream is opened while those and the
// page's script are still on their way. The page's script takes it over (web/src/stream/early.ts); where none comes, it is closed.
{
  const url = new URL(document.currentScript.dataset.stream, location);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  const early = { socket, messages: [] };
  socket.onmessage = ({ data }) => early.messages.push(data) > 200 && socket.close();
  window.portholeEarly = early;
  addEventListener('load', () => window.portholeEarly && socket.close());
}
