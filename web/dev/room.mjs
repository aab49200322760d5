// The room of the scripted host: where its presenter is, and what it is told to say of predictions.

/** What the server's page holds for the walk: insights, and the five. */
export const walkProse = `<template id="prose"><section><div data-insight="cpu-limit"><p>A limit on processor time is a budget for each 100 ms. It does not slow the processor down; it takes it away until the next period begins.</p></div></section>${
  [['Isolation', 'Namespaces give each container its own view of processes, network, filesystem and names.', 'architecture'], ['Resource control', 'Cgroups limit what a container may use of CPU, memory, processes and disk.', 'cpu-limit'],
    ['Shared kernel', 'All containers run on the host’s one kernel: that is why they start fast and weigh little.', 'container-vs-vm'], ['Copy-on-write', 'Containers share the layers of their image, and each keeps only what it changes.', 'image-layers'],
    ['Production-ready', 'With limits, reservations and pinning together, containers behave under load.', 'qos-classes']].map(([title, says, lesson]) => `<section data-takeaway><h2>${title}</h2><p>${says}</p><p data-lesson="${lesson}"></p></section>`).join('')}</template>`;

const code = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="#fff" d="M0 0h8v8H0z"/><path d="M2 2h4v4H2z"/></svg>';

/** Answers what is asked about the room. */
export function room(url, request, response, host, { control, json, problem, broadcast }) {
  const path = url.pathname.slice('/api/v1/room'.length);
  if (path === '/invitation') return json(200, control.invitation ?? { reason: 'Only this machine can reach Porthole. To let the room in, start it with --listen 0.0.0.0:8080.' });
  if (path === '/invitation.svg') {
    response.writeHead(200, { 'Content-Type': 'image/svg+xml' });
    return response.end(code);
  }
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    if (control.problem) return problem(control.problem.status, control.problem.title, control.problem.detail);
    if (request.method === 'PUT') {
      host.room = { followers: 0, ...host.room, place: JSON.parse(body) };
      (control.places ??= []).push(host.room.place);
      broadcast(host, { ...host.head('room'), ...host.room });
    }
    if (path.endsWith('/votes')) (control.votes ??= []).push(JSON.parse(body).answer);
    response.writeHead(204);
    response.end();
  });
}
