// The client of Socket.IO, as it is published, through all that is different for it: client.mjs FOLDER
//
// FOLDER is where `socket.io-client` is installed. Where the stack is, `cargo dev --once` says in the environment.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

const require = createRequire(`${process.argv[2]}/`);
const { io } = require("socket.io-client");
const { version } = require("socket.io-client/package.json");
const { VESTIBULE_HTTP: http, VESTIBULE_WS: ws, VESTIBULE_API_KEY: key, VESTIBULE_API_SECRET: secret } = process.env;

/** The answer to a call of the server API. */
async function signed(path, body) {
  const text = JSON.stringify(body);
  const signature = createHmac("sha256", secret).update(text).digest("hex");
  const headers = { "content-type": "application/json", "api-key": key, "hash-signature": signature };
  const answer = await (await fetch(http + path, { method: "POST", headers, body: text })).json();
  assert.equal(answer.status, true, JSON.stringify(answer));
  return answer;
}

const room = `socketio-${Date.now()}`;

async function mint(user, admin) {
  const user_info = { name: user, user_id: user, is_admin: admin };
  return (await signed("/auth/room/getJoinToken", { room_id: room, user_info })).token;
}

const sockets = [];

/** A client that is not connected yet. */
function client(options) {
  const socket = io(ws, { path: "/live", transports: ["websocket"], reconnectionDelay: 50, ...options });
  sockets.push(socket);
  return socket;
}

/** Waits for an event of a socket, for a time. */
function event(socket, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name}`)), 20_000);
    socket.once(name, (...data) => {
      clearTimeout(timer);
      resolve(data[0]);
    });
  });
}

async function connected(options) {
  const socket = client(options);
  await event(socket, "connect");
  return socket;
}

const ask = (socket, name, data) => socket.timeout(20_000).emitWithAck(name, data);

try {
  await signed("/auth/room/create", { room_id: room, metadata: { room_title: "Socket.IO", room_features: {} } });

  // Who connects: a token in `auth` wins over the query's; a bad one is a refusal with its reason.
  const admin = await connected({ auth: { token: await mint("admin", true) } });
  const joined = await ask(admin, "join-room", {});
  assert.equal(joined.userId, "admin");
  assert.equal(joined.role, "moderator");
  const bad = client({ auth: { token: "nonsense" }, reconnection: false });
  const refused = await event(bad, "connect_error");
  assert.equal(refused.message, "Invalid token");
  assert.equal(refused.data.statusCode, 401);
  const elsewhere = client({ auth: {} });
  const namespace = elsewhere.io.socket("/other");
  namespace.connect();
  assert.equal((await event(namespace, "connect_error")).message, "Invalid namespace");

  // With an ack and without.
  const ann = await connected({ auth: { token: await mint("ann", false) } });
  const own = await ask(ann, "join-room", {});
  assert.deepEqual(own.participants.map((person) => person.userId), ["admin", "ann"]);
  const denied = await ask(ann, "lock-room", { locked: true });
  assert.deepEqual(denied, { statusCode: 403, message: "Only a moderator can do this", error: "Forbidden" });
  const error = event(ann, "error");
  ann.emit("lock-room", { locked: true });
  assert.equal((await error).statusCode, 403);
  assert.equal((await ask(ann, "no-such-event", {})).statusCode, 404);
  const heard = event(admin, "chat-message");
  const said = await ask(ann, "chat-message", { content: "Grüße 👋" });
  assert.deepEqual(await heard, said);
  const binary = event(ann, "error");
  // Without the binary frame that would follow: at that the gateway closes.
  ann.io.engine.send('451-["chat-message",{"content":{"_placeholder":true,"num":0}}]');
  assert.equal((await binary).statusCode, 400);

  // A lost connection: the client comes back by itself, and with the session's token in `auth` finds its seat.
  ann.auth = { token: own.session.token };
  const back = event(ann, "connect");
  ann.io.engine.close();
  await back;
  const again = await ask(ann, "join-room", {});
  assert.equal(again.id, own.id);

  // A second device: the first is told, is disconnected by the server, and stays away.
  const told = event(ann, "force-disconnect");
  const parted = event(ann, "disconnect");
  const second = await connected({ auth: { token: await mint("ann", false) } });
  assert.equal((await ask(second, "join-room", {})).id, own.id);
  assert.deepEqual(await told, { reason: "duplicate" });
  assert.equal(await parted, "io server disconnect");
  await pause(500);
  assert.equal(ann.connected, false);

  // Pings keep it: every 300 s, and it would give up after 420 s.
  assert.equal(second.io.engine._pingInterval, 300_000);

  // The end.
  const ended = event(second, "room-ended");
  const over = event(second, "disconnect");
  await signed("/auth/room/endRoom", { room_id: room });
  assert.deepEqual(await ended, { reason: "api" });
  assert.equal(await over, "io server disconnect");
  console.log(`socket.io-client ${version}: connects, is refused, asks, hears, comes back, and is told to go`);
} finally {
  for (const socket of sockets) {
    socket.io.reconnection(false);
    socket.disconnect();
  }
}
