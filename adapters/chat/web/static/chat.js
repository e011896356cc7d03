// Makes the page live. Everything here is also possible without it, only with a page load after each step.
"use strict";

const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const body = document.body;
const room = body.dataset.room;
const thread = body.dataset.thread;

// Times: written in UTC, shown in the reader's own zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

function localTimes(from) {
  for (const time of $$("time", from)) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = today ? clock.format(at) : `${calendar.format(at)}, ${clock.format(at)}`;
  }
}

// Scrolling: the page follows only a reader who is at the end.

const NEAR = 90; // pixels from the end that still count as being there
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
const pillOf = (box) => $("[data-pill]", box.parentElement);
function toEnd(box) {
  box.scrollTop = box.scrollHeight;
  pillOf(box).hidden = true;
}

// The newest post, from its beginning if it is taller than the window: what broke is said first.
function show(box, post) {
  const newest = post.classList.contains("post") && !post.nextElementSibling;
  toEnd(box);
  if (newest && post.offsetHeight > box.clientHeight) post.scrollIntoView({ block: "start" });
}

for (const box of $$("[data-scroll]")) {
  const open = $(".post.open", box);
  if (open) open.scrollIntoView({ block: "center" });
  else toEnd(box);
  box.addEventListener("scroll", () => atEnd(box) && (pillOf(box).hidden = true), { passive: true });
  pillOf(box).addEventListener("click", () => toEnd(box));
}

// News: pieces of the page, each put where its number says.

let wishedAt = 0; // when this reader last said something: its answer is always shown

function put(patch) {
  const holder = document.createElement("template");
  holder.innerHTML = patch.html.trim();
  const fresh = holder.content.firstElementChild;
  localTimes(fresh);
  const old = document.getElementById(patch.id);
  if (old) return replace(old, fresh);
  const list = patch.into && document.getElementById(patch.into);
  if (list) insert(list, fresh);
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement);
  for (const details of $$("details[open]", old)) {
    const same = $(`details[data-keep="${CSS.escape(details.dataset.keep)}"]`, fresh);
    if (same) keep(details, same);
  }
  const box = old.closest("[data-scroll]");
  const follow = box && atEnd(box);
  old.replaceWith(fresh);
  if (follow) show(box, fresh);
  if (focused) (fresh.matches("a") ? fresh : $(".kept-focus", fresh) || $("article", fresh))?.focus({ preventScroll: true });
}

function keep(details, same) {
  same.open = true;
  const fields = $$("[name=value]", same);
  $$("[name=value]", details).forEach((field, nth) => {
    if (!fields[nth]) return;
    fields[nth].value = field.value;
    fields[nth].classList.toggle("kept-focus", field === document.activeElement);
  });
}

function insert(list, fresh) {
  const number = Number(fresh.dataset.number);
  const posts = [...list.children];
  if (posts.length && number < Number(posts[0].dataset.number)) return; // older than what this page shows
  const box = list.closest("[data-scroll]");
  const follow = atEnd(box) || fresh.classList.contains("mine") || Date.now() - wishedAt < 8000;
  fresh.classList.add("new");
  list.insertBefore(fresh, posts.find((post) => Number(post.dataset.number) > number) || null);
  if (follow) show(box, fresh);
  else pillOf(box).hidden = false;
}

// The stream: goes on where it stopped. A page that nobody looks at gives its connection back: browsers allow only six.

const RESTING = 30000; // milliseconds out of sight
let after = body.dataset.after;
let stream = null;
let rest = 0;
const live = $("[data-live]");

function listen() {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource(`/chat/stream?${new URLSearchParams({ room, thread, after })}`);
  stream.onopen = () => (live.textContent = "");
  stream.onmessage = (event) => {
    JSON.parse(event.data).forEach(put);
    after = event.lastEventId;
  };
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) return refused();
    live.textContent = "Reconnecting …";
  };
}

async function refused() {
  const answer = await fetch(location.href, { method: "GET" }).catch(() => null);
  if (answer && answer.status === 401) live.textContent = "You are signed out";
  else {
    live.textContent = "Reconnecting …";
    setTimeout(listen, 3000);
  }
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(rest);
  if (document.hidden) rest = setTimeout(() => stream.close(), RESTING);
  else listen();
});
window.addEventListener("pageshow", listen);
window.addEventListener("pagehide", () => stream?.close());

// Sending: by typing, by a button, by a filled form.

async function send(form, extra = {}) {
  const button = $("button:not([type=button])", form);
  const status = $("[data-status]", form.closest("main, aside"));
  const fields = new URLSearchParams(new FormData(form));
  fields.set("request_id", form.dataset.wish ||= wish());
  for (const [name, value] of Object.entries(extra)) fields.set(name, value);
  button.disabled = true;
  button.classList.add("busy");
  status.className = "status";
  status.textContent = "";
  wishedAt = Date.now();
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status === 401 ? "You are signed out. Open this page with a new sign-in link." : await answer.text());
    delete form.dataset.wish;
    wishedAt = Date.now();
    if (stream?.readyState !== EventSource.OPEN) location.reload(); // no line, so no news of the answer
    return true;
  } catch (trouble) {
    // the same wish is sent again with the same id, so it cannot happen twice
    status.className = "status trouble";
    status.textContent = trouble instanceof TypeError ? "Not sent: the program does not answer. Try again." : trouble.message;
    return false;
  } finally {
    button.disabled = false;
    button.classList.remove("busy");
  }
}

function wish() {
  // crypto.randomUUID exists only on https and localhost
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-say]")) {
    event.preventDefault();
    await say(form);
  } else if (form.matches("[data-try]")) {
    event.preventDefault();
    await send(form);
  } else if (form.matches(".press")) {
    event.preventDefault();
    await press(form);
  }
});

async function say(form) {
  const input = $("textarea", form);
  const text = input.value;
  if (!text.trim() || $(".send", form).disabled) return;
  const sending = send(form);
  input.value = "";
  input.dispatchEvent(new Event("said"));
  if (!(await sending) && !input.value) input.value = text;
  else delete form.dataset.wish;
}

async function press(form) {
  if ($("button", form).disabled) return;
  if (form.dataset.confirm && !(await sure(form))) return;
  const details = form.closest("details.form");
  if ((await send(form, { confirmed: "1" })) && details) {
    form.reset();
    details.open = false;
  }
}

const dialog = $("[data-dialog]");
let decide = null; // who waits for the answer

function sure(form) {
  const button = $("button", form);
  const yes = $("[data-yes]", dialog);
  $("#question").textContent = form.dataset.confirm;
  yes.textContent = button.textContent;
  yes.classList.toggle("danger", button.classList.contains("danger"));
  dialog.returnValue = "no";
  dialog.showModal();
  decide?.(false);
  return new Promise((answer) => (decide = answer));
}

dialog.addEventListener("close", () => {
  if (dialog.open) return; // the news of an earlier closing, late: it must not answer the question of now
  decide?.(dialog.returnValue === "yes");
  decide = null;
});

dialog.addEventListener("click", (event) => event.target === dialog && dialog.close("no"));

// Completion: "/" offers the commands.

for (const form of $$("[data-say]")) {
  const input = $("textarea", form);
  const list = $("[role=listbox]", form);
  const options = $$("[role=option]", list);
  let chosen = null;
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) input.setAttribute(name, value);

  const shown = () => options.filter((option) => !option.hidden);
  function choose(option) {
    chosen = option;
    for (const one of options) one.setAttribute("aria-selected", String(one === option));
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }
  function show(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  }
  function offer() {
    const typed = input.value.match(/^\/(?:oncall ?)?(.*)$/i);
    const start = typed && !"oncall".startsWith(input.value.slice(1).toLowerCase()) ? typed[1].toLowerCase() : "";
    // a command that is typed already stays in sight, to remind of what must follow it
    const fits = (option) => option.dataset.start.startsWith(start);
    const reminds = (option) => start.startsWith(`${option.dataset.start} `) && option.dataset.line.endsWith(" ");
    for (const option of options) option.hidden = !fits(option) && !reminds(option);
    show(Boolean(typed) && shown().length > 0);
    if (!list.hidden) choose(shown().find(fits) || null);
  }
  function complete(option) {
    input.value = option.dataset.line;
    input.focus();
    if (option.dataset.line.endsWith(" ")) offer();
    else show(false);
  }
  function step(by) {
    const some = shown();
    if (!chosen && some.length === 1) return;
    choose(some[(some.indexOf(chosen) + by + some.length) % some.length]);
  }

  input.addEventListener("input", () => {
    delete form.dataset.wish;
    offer();
  });
  input.addEventListener("blur", () => show(false));
  input.addEventListener("said", () => show(false));
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) complete(option);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const complex = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Escape") show(false);
    else if (event.key === "Tab" && !complex && chosen) complete(chosen);
    else if (event.key === "Enter" && chosen && input.value.trim() !== chosen.dataset.line.trim()) complete(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.defaultPrevented) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

// Keys: Escape closes what is open, a slash anywhere starts a command.

document.addEventListener("keydown", (event) => {
  if (dialog.open || event.defaultPrevented) return;
  const person = $("details.person");
  const typing = event.target.matches("input, textarea");
  if (event.key === "Escape" && person.open) {
    person.open = false;
    $("summary", person).focus();
  } else if (event.key === "Escape" && $("[data-close]") && !(typing && event.target.value)) location.assign($("[data-close]").href);
  else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    const input = $(thread ? "#thread-text" : "#room-text");
    input.focus();
    input.value = "/";
    input.dispatchEvent(new Event("input"));
  }
});
document.addEventListener("click", (event) => {
  const person = $("details.person");
  if (person.open && !person.contains(event.target)) person.open = false;
});

localTimes(document);
if (matchMedia("(pointer: fine)").matches) $(thread ? "#thread-text" : "#room-text").focus({ preventScroll: true });
listen();
