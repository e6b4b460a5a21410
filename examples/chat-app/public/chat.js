// The page. It knows this app's own API only; the model server and its key are the backend's business.
const find = (selector) => document.querySelector(selector);
const entrance = find('#entrance');
const room = find('#room');
const list = find('#messages');
const composer = find('#composer');

let chat = null; // id of the open chat
let running = null; // AbortController of the answer under way

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, { method, headers: body && { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  } catch {
    throw new Error('You seem to be offline. Please check your connection.');
  }
  const value = await response.json();
  if (response.ok) return value;
  if (response.status === 401 && !path.endsWith('/login')) show(null);
  throw new Error(value.error ?? 'Something went wrong. Please try again.');
}

function complain(where, message = '') {
  const line = where.querySelector('.error');
  line.textContent = message;
  line.hidden = !message;
}

function show(name) {
  entrance.hidden = Boolean(name);
  room.hidden = !name;
  find('#name').textContent = name ?? '';
}

function bubble(role, text) {
  const line = document.createElement('p');
  line.className = role;
  line.textContent = text;
  list.append(line);
  list.scrollTop = list.scrollHeight;
  return line;
}

async function showChats() {
  const { chats } = await call('GET', '/api/chats');
  find('#chats').replaceChildren(...chats.map(({ id, title }) => {
    const row = document.createElement('div');
    row.classList.toggle('current', id === chat);
    const open = document.createElement('button');
    open.textContent = title;
    open.onclick = () => openChat(id);
    const remove = document.createElement('button');
    remove.textContent = '×';
    remove.className = 'remove';
    remove.title = `Delete “${title}”`;
    remove.onclick = async () => { await call('DELETE', `/api/chats/${id}`); if (id === chat) await openChat(null); else await showChats(); };
    row.append(open, remove);
    return row;
  }));
}

async function openChat(id) {
  running?.abort();
  chat = id;
  complain(find('section'));
  list.replaceChildren();
  if (id !== null) for (const { role, content } of (await call('GET', `/api/chats/${id}`)).messages) bubble(role, content);
  await showChats();
  composer.message.focus();
}

// The events of a stream: data: lines with JSON.
async function* eventsOf(response) {
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) if (block.startsWith('data: ')) yield JSON.parse(block.slice(6));
  }
}

async function say(message) {
  running = new AbortController();
  const { signal } = running;
  const question = bubble('user', message);
  const answer = bubble('assistant waiting', '');
  const before = chat;
  let assigned; // the id that a new chat will have
  let arrived = false;
  try {
    const response = await fetch('/api/chat', { method: 'POST', signal, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message, chat }) });
    if (!response.ok) throw new Error((await response.json()).error);
    for await (const event of eventsOf(response)) {
      if (event.error) throw new Error(event.error);
      if (event.text) { arrived = true; answer.textContent += event.text; list.scrollTop = list.scrollHeight; }
      if (event.chat) { assigned = event.chat; chat = assigned; }
    }
  } catch (error) {
    const kept = arrived && signal.aborted;
    if (!kept && chat === assigned) chat = before;
    if (signal.aborted) return;
    // Nothing was kept: the message goes back to where it can be sent again.
    question.remove();
    if (!arrived) answer.remove();
    composer.message.value ||= message;
    complain(find('section'), error instanceof TypeError ? 'The connection was lost. Please try again.' : error.message);
  } finally {
    answer.className = 'assistant';
    running = null;
    await showChats().catch(() => {});
  }
}

entrance.onsubmit = async (event) => {
  event.preventDefault();
  complain(entrance);
  try {
    const { name } = await call('POST', `/api/${event.submitter?.value ?? 'login'}`, { name: entrance.elements.name.value, password: entrance.password.value });
    entrance.password.value = '';
    show(name);
    await openChat(null);
  } catch (error) { complain(entrance, error.message); }
};

composer.onsubmit = async (event) => {
  event.preventDefault();
  const message = composer.message.value;
  if (running || !message.trim()) return;
  composer.message.value = '';
  complain(find('section'));
  find('#send').disabled = true;
  find('#stop').hidden = false;
  await say(message);
  find('#send').disabled = false;
  find('#stop').hidden = true;
};
composer.message.onkeydown = (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); composer.requestSubmit(); }
};
find('#stop').onclick = () => running?.abort();
find('#new').onclick = () => openChat(null);
find('#logout').onclick = async () => { running?.abort(); await call('POST', '/api/logout', {}); list.replaceChildren(); show(null); };

call('GET', '/api/me').then(({ name }) => { show(name); return openChat(null); }, () => show(null));
