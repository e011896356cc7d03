// Draws a message, a modal or a home tab as HTML: `node picture.mjs <folder of packages> < payload.json > page.html`.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const packages = process.argv[2];
const require = createRequire(path.join(packages, "package.json"));
const { createElement: h } = require("react");
const { renderToStaticMarkup } = require("react-dom/server");
const library = path.join(packages, "node_modules", "slack-blocks-to-jsx", "dist");
const { Message } = await import(pathToFileURL(path.join(library, "index.mjs")));

const payload = JSON.parse(fs.readFileSync(0, "utf8"));
const NAMED = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };
const LOGO = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" fill="#1d2733"/>' +
  '<circle cx="18" cy="18" r="8" fill="none" stroke="#fff" stroke-width="3"/></svg>');

const bare = (blocks) => h(Message, { blocks, withoutWrapper: true, logo: LOGO, name: "", time: new Date(0), theme: "light" });

const attachment = (one, index) => {
  const color = NAMED[one.color] ?? (one.color ? `#${one.color.replace("#", "")}` : "#ddd");
  return h("div", { key: index, className: "attachment" },
    h("div", { className: "bar", style: { background: color } }),
    h("div", { className: "within" }, one.blocks?.length ? bare(one.blocks) : one.text ?? one.fallback));
};

const message = () => h("div", { className: "message" },
  h("img", { className: "logo", src: LOGO }),
  h("div", { className: "said" },
    h("div", { className: "head" }, h("b", null, "On-call agent"), h("span", { className: "app" }, "APP"),
      h("span", { className: "time" }, payload.is_ephemeral ? "Only visible to you" : "9:41 AM")),
    payload.blocks?.length ? bare(payload.blocks) : h("div", null, payload.text),
    ...(payload.attachments ?? []).map(attachment)));

const button = (text, kind) => h("span", { className: `button ${kind}` }, text.text);

const modal = () => h("div", { className: "modal" },
  h("div", { className: "title" }, h("b", null, payload.title.text), h("span", null, "✕")),
  h("div", { className: "body" }, bare(payload.blocks)),
  payload.submit && h("div", { className: "foot" },
    button(payload.close ?? { text: "Cancel" }, ""), button(payload.submit, "go")));

const home = () => h("div", { className: "home" }, bare(payload.blocks));

const shown = { modal, home }[payload.type]?.() ?? message();
const css = fs.readFileSync(path.join(library, "style.css"), "utf8");
process.stdout.write(`<!doctype html><meta charset="utf-8"><style>${css}
  body { margin: 0; padding: 16px; background: #fff; color: #1d1c1d; font: 15px/1.46 Lato, "Liberation Sans", sans-serif; }
  .said *, .body *, .home * { overflow-wrap: anywhere !important; max-width: 100%; } pre, code { white-space: pre-wrap !important; }
  .message { display: flex; gap: 8px; } .said { flex: 1; min-width: 0; }
  .logo { width: 36px; height: 36px; border-radius: 6px; } .head { display: flex; gap: 6px; align-items: baseline; }
  .app { background: #eee; border-radius: 2px; font-size: 10px; font-weight: 700; padding: 1px 3px; color: #616061; }
  .time { color: #616061; font-size: 12px; }
  .attachment { display: flex; gap: 12px; margin: 6px 0; max-width: 600px; }
  .bar { width: 4px; border-radius: 8px; flex: none; } .within { flex: 1; min-width: 0; }
  .modal { width: 520px; border: 1px solid #ccc; border-radius: 8px; box-shadow: 0 6px 30px #0003; }
  .title, .foot { display: flex; justify-content: space-between; padding: 16px 24px; font-size: 20px; }
  .foot { justify-content: flex-end; gap: 12px; font-size: 15px; border-top: 1px solid #ddd; }
  .body { padding: 0 24px 16px; }
  .button { border: 1px solid #bbb; border-radius: 4px; padding: 6px 16px; font-weight: 700; }
  .go { background: #007a5a; border-color: #007a5a; color: #fff; }
</style><body>${renderToStaticMarkup(shown)}</body>`);
