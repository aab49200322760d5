/** The stream that the page's head has opened (static/js/early.js), with what has come from it so far. */
export interface Early {
  socket: WebSocket;
  messages: unknown[];
}

/** Takes it over: whoever asks first has it. Undefined where there is none, or it has ended already. */
export function takeEarly(url: string): Early | undefined {
  const { portholeEarly: early } = window;
  delete window.portholeEarly;
  if (!early || early.socket.url !== url || early.socket.readyState > WebSocket.OPEN) {
    early?.socket.close();
    return undefined;
  }
  return early;
}

declare global {
  interface Window {
    portholeEarly?: Early;
  }
}
