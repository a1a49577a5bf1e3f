// Calls the stack through plugnmeet-sdk-js and checks what it hands to its user: node sdk_js.mjs FOLDER
import { deepStrictEqual as same, match, ok } from 'node:assert';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const FLAGS = {
  allow_webcams: true, mute_on_start: true, allow_screen_share: false, allow_rtmp: false, admin_only_webcams: true,
  allow_view_other_webcams: true, allow_view_other_users_list: false,
};
// What a user of each version asks of a room, in the names of 2022, and what the room then is.
const OF_1_2 = {
  asked: {
    ...FLAGS,
    recording_features: {
      is_allow: true, is_allow_cloud: false, is_allow_local: true, enable_auto_cloud_recording: false,
    },
    chat_features: { allow_chat: false, allow_file_upload: true, allowed_file_types: ['pdf'], max_file_size: 10 },
    shared_note_pad_features: { allowed_shared_note_pad: false },
    whiteboard_features: { allowed_whiteboard: false },
    external_media_player_features: { allowed_external_media_player: false },
    waiting_room_features: { is_active: true, waiting_room_msg: 'Please wait' },
    breakout_room_features: { is_allow: false },
  },
  is: {
    ...FLAGS,
    recording_features: {
      is_allow: true, is_allow_cloud: false, is_allow_local: true, enable_auto_cloud_recording: false,
      only_record_admin_webcams: false,
    },
    // There is no upload without a chat.
    chat_features: { is_allow: false, is_allow_file_upload: false, allowed_file_types: ['pdf'], max_file_size: '50' },
    shared_note_pad_features: { is_allow: false, is_active: false, visible: false, note_pad_id: '' },
    whiteboard_features: {
      is_allow: false, visible: false, whiteboard_file_id: '', file_name: '', file_path: '', total_pages: 0,
      max_allowed_file_size: '30',
    },
    external_media_player_features: { is_allow: false, is_active: false },
    waiting_room_features: { is_active: true, waiting_room_msg: 'Please wait' },
    breakout_room_features: { is_allow: false, is_active: false, allowed_number_rooms: 6 },
    external_broadcasting_features: { is_allow: false, is_allow_rtmp: false },
    // What the request does not speak of.
    polls_features: { is_allow: true, is_active: false },
  },
};
const OF_1_3 = {
  asked: {
    ...OF_1_2.asked,
    display_external_link_features: { is_allow: false },
    ingress_features: { is_allow: false },
    speech_to_text_translation_features: { is_allow: false, is_allow_translation: false },
  },
  is: {
    ...OF_1_2.is,
    display_external_link_features: { is_allow: false, is_active: false },
    ingress_features: { is_allow: false, input_type: 'RTMP_INPUT', url: '', stream_key: '' },
  },
};
const LATER_FLAGS = { enable_analytics: false, allow_virtual_bg: false, allow_raise_hand: false };
const OF_1_4 = {
  asked: { ...OF_1_3.asked, ...LATER_FLAGS, room_duration: 30 },
  is: { ...OF_1_3.is, ...LATER_FLAGS, room_duration: '30' },
};

// What differs between the versions: what a room is made of; where its user finds the room that was made; whether it
// says in a field of its own that a room is active; whether it has calls for past rooms and for analytics.
const VERSIONS = {
  '1.2.2': { features: OF_1_2, made: 'roomInfo', saysActive: false, hasPast: false, hasAnalytics: false },
  '1.3.1': { features: OF_1_3, made: 'roomInfo', saysActive: false, hasPast: true, hasAnalytics: true },
  '1.4.1': { features: OF_1_4, made: 'room_info', saysActive: true, hasPast: true, hasAnalytics: true },
};

const folder = process.argv[2];
const { version } = JSON.parse(readFileSync(join(folder, 'node_modules/plugnmeet-sdk-js/package.json')));
const { features, made, saysActive, hasPast, hasAnalytics } = VERSIONS[version];
const { PlugNmeet } = createRequire(join(folder, '/'))('plugnmeet-sdk-js');
const { VESTIBULE_HTTP: url, VESTIBULE_API_KEY: key, VESTIBULE_API_SECRET: secret } = process.env;

// In 1.2.2 all clients share the address and the key of the newest one. So each is used before the next is made.
const connect = (apiKey = key, apiSecret = secret) => new PlugNmeet(url, apiKey, apiSecret);

// The answer without what is undefined: where there is no token, the SDK answers `token: undefined`.
const defined = async (answer) =>
  Object.fromEntries(Object.entries(await answer).filter(([, value]) => value !== undefined));
const answers = async (answer, expected) => same(await defined(answer), expected);
const succeeds = (answer, own = {}) => answers(answer, { status: true, msg: 'success', ...own });
const refuses = (answer, msg, own = {}) => answers(answer, { status: false, msg, ...own });
const active = (is_active, msg) => ({ status: true, msg, ...(saysActive && { is_active }) });

const group = async (what, checks) => {
  const note = await checks();
  console.log(`plugnmeet-sdk-js ${version}  ${what.padEnd(20)} ${note ?? 'ok'}`);
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const isNow = (seconds) => ok(Math.abs(seconds - Date.now() / 1000) < 60, `${seconds} is not now`);

const room_id = `js-${version.replaceAll('.', '-')}`;
const request = {
  room_id,
  max_participants: 2,
  empty_timeout: 600,
  metadata: {
    room_title: 'Stand-up',
    welcome_message: 'Hello',
    logout_url: 'https://example.org/bye',
    room_features: features.asked,
    default_lock_settings: { lock_microphone: true, lock_webcam: false, lock_screen_sharing: false },
  },
};
const user = (user_id, more = {}) => ({
  room_id,
  user_info: { name: 'Alice', user_id, is_admin: true, is_hidden: false, ...more },
});

await group('credentials', async () => {
  await refuses(connect('wrong').createRoom(request), 'Invalid API key provided.');
  await refuses(connect('').createRoom(request), 'Missing API-KEY header.');
  const unverified = 'Failed to verify provided authentication details.';
  await refuses(connect(key, 'wrong').createRoom(request), unverified);
  await refuses(connect(key, 'wrong').getActiveRoomsInfo(), unverified);
});

const sdk = connect();
let sid, created, metadata;

await group('without a room', async () => {
  await answers(sdk.isRoomActive({ room_id }), active(false, 'room not found'));
  await refuses(sdk.getJoinToken(user('alice')), 'room is not active');
  await refuses(sdk.getActiveRoomInfo({ room_id }), 'room not found in active state', { room: null });
  await refuses(sdk.getActiveRoomsInfo(), 'no active room found', { rooms: [] });
  await refuses(sdk.endRoom({ room_id }), 'room not found or not active');
  await refuses(sdk.endRoom({}), 'validation error: room_id: value is required');
});

await group('createRoom refused', async () => {
  const refusesRoom = (change, msg) => refuses(sdk.createRoom({ ...request, ...change }), msg);
  const untitled = { ...request.metadata, room_title: '' };
  await refusesRoom({ metadata: untitled }, 'validation error: metadata.room_title: value is required');
  const badId = 'room_id: room_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_';
  await refusesRoom(
    { room_id: 'a b', max_participants: 0, metadata: undefined },
    `validation errors:\n - ${badId}\n - max_participants: must be greater than 0\n - metadata: value is required`,
  );
  await refusesRoom({ room_id: 'user_1' }, "RoomId cannot start with the reserved pattern 'user_'");
  const notANumber = 'max_participants: must be an integer from 0 to 4294967295, it is a string';
  await refusesRoom({ max_participants: 'two' }, notANumber);
  await refuses(sdk.getActiveRoomsInfo(), 'no active room found', { rooms: [] });
});

await group('createRoom', async () => {
  const answer = await defined(sdk.createRoom(request));
  const room = answer[made];
  same(answer, { status: true, msg: 'success', [made]: room });
  ({ sid, metadata, creation_time: created } = room);
  match(sid, UUID);
  isNow(created);
  const ofBoth = { sid, creation_time: created, metadata };
  same(room, made === 'roomInfo'
    ? { ...ofBoth, name: room_id, max_participants: 2, empty_timeout: 600, turn_password: '', enabled_codecs: [] }
    : { ...ofBoth, ...running(0) });
  same(typeof created, made === 'roomInfo' ? 'number' : 'string');

  const { room_features, default_lock_settings, ...texts } = JSON.parse(metadata);
  for (const [name, value] of Object.entries(features.is)) same({ [name]: room_features[name] }, { [name]: value });
  if ('ingress_features' in features.asked) {
    const { is_allow, is_allow_translation } = room_features.insights_features.transcription_features;
    same({ is_allow, is_allow_translation }, features.asked.speech_to_text_translation_features);
  }
  const { lock_microphone, lock_webcam, lock_screen_sharing } = default_lock_settings;
  same({ lock_microphone, lock_webcam, lock_screen_sharing }, request.metadata.default_lock_settings);
  for (const name of ['room_title', 'welcome_message', 'logout_url']) same(texts[name], request.metadata[name]);

  // The open room is found again, whatever the second request says.
  const again = await sdk.createRoom({ ...request, metadata: { ...request.metadata, room_title: 'Another' } });
  same(again[made], room);
});

// `room_info` as it is today. 64-bit numbers are strings.
function running(joined) {
  return {
    room_id, sid, metadata, room_title: 'Stand-up', creation_time: String(created), joined_participants: String(joined),
    is_running: 1, is_recording: 0, is_active_rtmp: 0, is_breakout_room: 0, parent_room_id: '', webhook_url: '',
  };
}

await group('isRoomActive', () => answers(sdk.isRoomActive({ room_id }), active(true, 'room is active')));

await group('getJoinToken', async () => {
  const badId = 'user_id should only contain ASCII letters (a-z A-Z), digits (0-9) or -_';
  const required = 'validation error: user_info.name: value is required';
  await refuses(sdk.getJoinToken(user('alice', { name: '' })), required);
  await refuses(sdk.getJoinToken(user('a b')), badId);
  await refuses(sdk.getJoinToken(user('user_1')), "user_id cannot start with the reserved pattern 'user_'");

  const user_metadata = { profile_pic: 'https://example.org/alice.png', lock_settings: { lock_chat: true } };
  const token = await mint(user('alice', { user_metadata }), { is_admin: true });
  await mint(user('bob', { is_admin: false, is_hidden: true }), { is_hidden: true });

  // The SDKs only pass it on; it is good if it opens the room.
  const joined = await fetch(`${url}/api/joinRoom`, { method: 'POST', headers: { Authorization: token } });
  same(joined.status, 201);
});

async function mint(params, own) {
  const { token, ...answer } = await sdk.getJoinToken(params);
  same(answer, { status: true, msg: 'success' });
  const [header, claims, signature] = token.split('.');
  const parsed = (part) => JSON.parse(Buffer.from(part, 'base64url'));
  same(createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url'), signature);
  same(parsed(header), { alg: 'HS256', typ: 'JWT', kid: key });
  const { nbf, jti, ...rest } = parsed(claims);
  isNow(nbf);
  ok(jti.startsWith(`${sid}.`), jti);
  const { user_id, name } = params.user_info;
  const session_seconds = features.asked.room_duration && { session_seconds: features.asked.room_duration * 60 };
  same(rest, { iss: key, sub: user_id, user_id, name, room_id, exp: nbf + 600, ...own, ...session_seconds });
  return token;
}

const isOurRoom = ({ room_info, participants_info, ...rest }) => {
  same(rest, {});
  same(room_info, running(1));
  same(participants_info.map(({ identity, name, state }) => ({ identity, name, state })),
    [{ identity: 'alice', name: 'Alice', state: 'ACTIVE' }]);
  const { is_admin, profile_pic } = JSON.parse(participants_info[0].metadata);
  same({ is_admin, profile_pic }, { is_admin: true, profile_pic: 'https://example.org/alice.png' });
};

await group('getActiveRoomInfo', async () => {
  const { room, ...answer } = await sdk.getActiveRoomInfo({ room_id });
  same(answer, { status: true, msg: 'success' });
  isOurRoom(room);
  await refuses(sdk.getActiveRoomInfo({}), 'validation error: room_id: value is required');
});

await group('getActiveRoomsInfo', async () => {
  const { rooms, ...answer } = await sdk.getActiveRoomsInfo();
  same(answer, { status: true, msg: 'success' });
  same(rooms.length, 1);
  isOurRoom(rooms[0]);
});

await group('getClientFiles', () => succeeds(sdk.getClientFiles(), JSON.parse(process.env.CLIENT_FILES)));

await group('endRoom', async () => {
  await succeeds(sdk.endRoom({ room_id }));
  await answers(sdk.isRoomActive({ room_id }), active(false, 'room is not active'));
  await refuses(sdk.endRoom({ room_id }), 'room not found or not active');
  await refuses(sdk.getJoinToken(user('alice')), 'room is not active');
  await refuses(sdk.getActiveRoomInfo({ room_id }), 'room not found in active state', { room: null });
  await refuses(sdk.getActiveRoomsInfo(), 'no active room found', { rooms: [] });
});

await group('fetchPastRoomsInfo', async () => {
  same(typeof sdk.fetchPastRoomsInfo === 'function', hasPast);
  if (!hasPast) return '-  (this version has no such call)';
  const page = { from: 0, limit: 5, order_by: 'ASC' };
  const { result, ...answer } = await sdk.fetchPastRoomsInfo({ room_ids: [room_id], ...page });
  same(answer, { status: true, msg: 'success' });
  const { created: began, ended } = result.rooms_list[0];
  const session = { room_title: 'Stand-up', room_id, room_sid: sid, joined_participants: '1', webhook_url: '' };
  same(result, { total_rooms: '1', ...page, rooms_list: [{ ...session, created: began, ended }] });
  same(Date.parse(began) / 1000, Number(created));
  match(ended, SECOND);
  isNow(Date.parse(ended) / 1000);
  await refuses(sdk.fetchPastRoomsInfo({ room_ids: ['never-there'] }), 'no room found');
});

await group('recordings', async () => {
  await refuses(sdk.fetchRecordings({ room_ids: [room_id] }), 'no recording found');
  await refuses(sdk.deleteRecordings({ record_id: 'none' }), 'recording not found');
  await refuses(sdk.getRecordingDownloadToken({ record_id: 'none' }), 'recording not found');
});

await group('analytics', async () => {
  same(typeof sdk.fetchAnalytics === 'function', hasAnalytics);
  if (!hasAnalytics) return '-  (this version has no such calls)';
  await refuses(sdk.fetchAnalytics({ room_ids: [room_id] }), 'no artifact found');
  await refuses(sdk.deleteAnalytics({ file_id: 'none' }), 'artifact not found');
  await refuses(sdk.getAnalyticsDownloadToken({ file_id: 'none' }), 'artifact not found');
});
