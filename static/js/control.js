// The one-time link is /control#TOKEN. What follows # never leaves the browser
// by itself, and is taken out of the history before anything else happens.
function take() {
  const token = location.hash.slice(1);
  if (!token) return;
  history.replaceState(null, '', location.pathname);
  // Whoever has control already has no form, and leaves the link to another.
  const form = document.querySelector('form');
  if (!form) return;
  form.elements.namedItem('token').value = token;
  form.requestSubmit();
}
take();
// A second link, opened where the first one was refused, loads no page anew.
addEventListener('hashchange', take);
