//! A room's metadata: what a request may say of it, and what follows from one feature for another.

use models::{Features, Locks, Refusal, Violation};
use serde_json::{Map, Value, json};

use crate::consequences::{self, Allowed};
use crate::copyright::filtered;
use crate::message::spelled;
use crate::{Field, LOCKS, Message, modernise, read};

const RECORDER_BOT: &[Field] =
    &[Field::off("enable_auto_close_chat_panel"), Field::optional_number("duration_after_last_message")];

const RECORDING: &[Field] = &[
    Field::on("is_allow"),
    Field::on("is_allow_cloud"),
    Field::off("enable_auto_cloud_recording"),
    Field::on("is_allow_local"),
    Field::off("only_record_admin_webcams"),
    Field::optional_part("recorder_bot_options", RECORDER_BOT),
];

const CHAT: &[Field] = &[
    Field::on("is_allow"),
    Field::on("is_allow_file_upload"),
    Field::texts("allowed_file_types"),
    Field::long("max_file_size"),
];

const NOTEPAD: &[Field] = &[
    Field::on("is_allow"),
    Field::off("is_active").owned(),
    Field::off("visible").owned(),
    Field::text("note_pad_id").owned(),
];

const WHITEBOARD: &[Field] = &[
    Field::on("is_allow"),
    Field::off("visible").owned(),
    Field::optional_text("preload_file").uri(),
    Field::text("whiteboard_file_id").owned(),
    Field::text("file_name").owned(),
    Field::text("file_path").owned(),
    Field::number("total_pages"),
    Field::long("max_allowed_file_size").owned(),
];

const MEDIA_PLAYER: &[Field] = &[
    Field::on("is_allow"),
    Field::off("is_active").owned(),
    Field::optional_text("shared_by").owned(),
    Field::optional_text("url").owned(),
];

const WAITING_ROOM: &[Field] = &[Field::off("is_active"), Field::text("waiting_room_msg")];

const BREAKOUT_ROOMS: &[Field] =
    &[Field::on("is_allow"), Field::off("is_active").owned(), Field::number("allowed_number_rooms")];

const EXTERNAL_LINK: &[Field] = &[
    Field::on("is_allow"),
    Field::off("is_active").owned(),
    Field::optional_text("link"),
    Field::optional_text("shared_by"),
];

const INGRESS: &[Field] = &[
    Field::on("is_allow"),
    Field::one_of("input_type", &["RTMP_INPUT", "WHIP_INPUT"]),
    Field::text("url").owned(),
    Field::text("stream_key").owned(),
];

const ENCRYPTION: &[Field] = &[
    Field::off("is_enabled"),
    Field::off("included_chat_messages"),
    Field::off("included_whiteboard"),
    Field::off("enabled_self_insert_encryption_key"),
    Field::optional_text("encryption_key").owned(),
];

const POLLS: &[Field] = &[Field::on("is_allow"), Field::off("is_active").owned()];

const TRANSCRIPTION: &[Field] = &[
    Field::on("is_allow"),
    Field::off("is_allow_translation"),
    Field::off("is_allow_speech_synthesis"),
    Field::off("is_enabled").owned(),
    Field::texts("allowed_spoken_langs").owned(),
    Field::texts("allowed_speech_users").owned(),
    Field::off("is_enabled_translation").owned(),
    Field::number("max_selected_trans_langs").owned(),
    Field::texts("allowed_trans_langs").owned(),
    Field::optional_text("default_subtitle_lang").owned(),
    Field::off("is_enabled_speech_synthesis").owned(),
];

const CHAT_TRANSLATION: &[Field] = &[
    Field::on("is_allow"),
    Field::off("is_enabled").owned(),
    Field::texts("allowed_trans_langs").owned(),
    Field::number("max_selected_trans_langs").owned(),
    Field::optional_text("default_lang").owned(),
];

const AI_TEXT_CHAT: &[Field] = &[
    Field::on("is_allow"),
    Field::off("is_enabled").owned(),
    Field::off("is_allowed_everyone").owned(),
    Field::texts("allowed_user_ids").owned(),
    Field::off("is_notepad_ai_disabled").owned(),
    Field::off("is_whiteboard_ai_disabled").owned(),
];

const SUMMARIES: &[Field] =
    &[Field::on("is_allow"), Field::text("summarization_prompt"), Field::off("is_enabled").owned()];

const AI: &[Field] = &[
    Field::on("is_allow"),
    Field::part("ai_text_chat_features", AI_TEXT_CHAT),
    Field::part("meeting_summarization_features", SUMMARIES),
];

const INSIGHTS: &[Field] = &[
    Field::on("is_allow"),
    Field::part("transcription_features", TRANSCRIPTION),
    Field::part("chat_translation_features", CHAT_TRANSLATION),
    Field::part("ai_features", AI),
];

const SIP: &[Field] = &[
    Field::on("is_allow"),
    Field::off("enable_dial_in_on_create"),
    Field::off("hide_phone_number"),
    Field::off("is_active").owned(),
    Field::texts("phone_numbers").owned(),
    Field::optional_text("pin").owned(),
    Field::optional_text("dispatch_rule_id").owned(),
];

const BROADCASTING: &[Field] = &[
    Field::on("is_allow"),
    Field::on("is_allow_rtmp"),
    Field::optional_part("recorder_bot_options", RECORDER_BOT),
];

const FEATURES: &[Field] = &[
    Field::on("allow_webcams"),
    Field::off("mute_on_start"),
    Field::on("allow_screen_share"),
    Field::flag("allow_rtmp"),
    Field::on("allow_view_other_webcams"),
    Field::on("allow_view_other_users_list"),
    Field::off("admin_only_webcams"),
    Field::optional_long("room_duration"),
    Field::on("enable_analytics"),
    Field::on("allow_virtual_bg"),
    Field::on("allow_raise_hand"),
    Field::on("allow_reactions"),
    Field::off("auto_gen_user_id"),
    Field::part("recording_features", RECORDING),
    Field::part("chat_features", CHAT),
    Field::part("shared_note_pad_features", NOTEPAD),
    Field::part("whiteboard_features", WHITEBOARD),
    Field::part("external_media_player_features", MEDIA_PLAYER),
    Field::part("waiting_room_features", WAITING_ROOM),
    Field::part("breakout_room_features", BREAKOUT_ROOMS),
    Field::part("display_external_link_features", EXTERNAL_LINK),
    Field::part("ingress_features", INGRESS),
    Field::part("end_to_end_encryption_features", ENCRYPTION),
    Field::part("polls_features", POLLS),
    Field::part("insights_features", INSIGHTS),
    Field::part("sip_dial_in_features", SIP),
    Field::part("external_broadcasting_features", BROADCASTING),
];

const COPYRIGHT: &[Field] = &[Field::off("display"), Field::text("text")];

/// Most characters of a title and of a webhook's URL.
const MOST_TEXT: usize = 255;

/// `metadata` of a room.
pub const ROOM_METADATA: &[Field] = &[
    Field::text("room_title").required().at_most(MOST_TEXT),
    Field::optional_text("welcome_message"),
    Field::off("is_recording").owned(),
    Field::off("is_active_rtmp").owned(),
    Field::text("parent_room_id").owned(),
    Field::off("is_breakout_room").owned(),
    Field::optional_text("webhook_url").uri().at_most(MOST_TEXT),
    Field::long("started_at").owned(),
    Field::optional_text("logout_url").uri(),
    Field::part("room_features", FEATURES).required(),
    Field::part("default_lock_settings", LOCKS),
    Field::optional_part("copyright_conf", COPYRIGHT),
    Field::text("metadata_id").owned(),
    Field::json("extra_data"),
];

/// A room's metadata as it was asked for, with everything that was left out.
#[derive(Clone, Debug)]
pub struct RoomMetadata {
    values: Map<String, Value>,
    /// Whether the request has names of 2022, so that its answer has them, too.
    pub is_first: bool,
    /// Whether the request brought a copyright line.
    brings_copyright: bool,
}

/// What is the server's to say in a room's metadata.
#[derive(Clone, Debug)]
pub struct Owned {
    /// A UUID.
    pub metadata_id: String,
    /// When the session began, in seconds.
    pub started_at: i64,
    /// 32 letters and digits, for a room whose encryption key is made here.
    pub encryption_key: String,
}

impl RoomMetadata {
    /// Reads the `metadata` of a request to create a room; with what the caller may not say, or must.
    pub fn read(metadata: &Message) -> Result<(Self, Vec<Violation>), Refusal> {
        let (metadata, is_first) = modern(metadata)?;
        let reading = read(ROOM_METADATA, &metadata)?;
        let brings_copyright = reading.values.contains_key("copyright_conf");
        Ok((Self { values: reading.values, is_first, brings_copyright }, reading.violations))
    }

    /// A text of the metadata itself; none where it was not given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    /// Whether a feature is on, by its path.
    pub fn is_on(&self, path: &[&str]) -> bool {
        find(&self.values, path) == Some(&Value::Bool(true))
    }

    /// Minutes that the session lasts from the first join; 0 or nothing for no end.
    pub fn room_duration(&self) -> Option<u64> {
        find(&self.values, &["room_features", "room_duration"])?.as_str()?.parse().ok()
    }

    /// The locks of new participants, by plugNmeet's names.
    pub fn default_locks(&self) -> Locks {
        let locks = self.values.get("default_lock_settings").and_then(Value::as_object).into_iter().flatten();
        locks.filter_map(|(name, locked)| Some((name.clone(), locked.as_bool()?))).collect()
    }

    /// What the room is made for, as far as it binds what people do.
    pub fn features(&self) -> Features {
        let is_on = |path: &[&str]| self.is_on(&[&["room_features"], path].concat());
        Features {
            allow_webcams: is_on(&["allow_webcams"]),
            admin_only_webcams: is_on(&["admin_only_webcams"]),
            allow_screen_share: is_on(&["allow_screen_share"]),
            allow_raise_hand: is_on(&["allow_raise_hand"]),
            allow_chat: is_on(&["chat_features", "is_allow"]),
            allow_view_other_users_list: is_on(&["allow_view_other_users_list"]),
            mute_on_start: is_on(&["mute_on_start"]),
        }
    }

    /// Applies what the deployment allows, what follows from one feature for another, and what the server says.
    pub fn settle(&mut self, allowed: &Allowed, owned: Owned) {
        if let Some(features) = self.values.get_mut("room_features").and_then(Value::as_object_mut) {
            consequences::apply(features, allowed, owned.encryption_key);
        }
        for name in DEFAULT_LOCKS {
            let locks = self.values.get_mut("default_lock_settings").and_then(Value::as_object_mut);
            locks.map(|locks| locks.entry(name).or_insert(Value::Bool(true)));
        }
        let own = self.values.remove("copyright_conf").filter(|_| self.brings_copyright);
        let copyright = match own.filter(|_| allowed.own_copyright) {
            Some(own) => {
                let text = filtered(own["text"].as_str().unwrap_or_default());
                json!({ "display": own["display"], "text": text })
            }
            None => json!({ "display": !allowed.copyright.is_empty(), "text": allowed.copyright }),
        };
        self.values.insert("copyright_conf".to_owned(), copyright);
        self.values.insert("metadata_id".to_owned(), owned.metadata_id.into());
        self.values.insert("started_at".to_owned(), owned.started_at.to_string().into());
    }

    /// The text that is stored and answered.
    pub fn into_text(self) -> String {
        Value::Object(self.values).to_string()
    }
}

/// Locks that hold unless the request lifts them.
const DEFAULT_LOCKS: [&str; 3] = ["lock_screen_sharing", "lock_whiteboard", "lock_shared_notepad"];

/// The request in the present dialect, and whether it was in the first.
fn modern(metadata: &Message) -> Result<(Message, bool), Refusal> {
    let mut fields = metadata.fields().clone();
    let key = spelled(metadata.fields(), "room_features", || metadata.path("room_features"))?;
    let features = key.and_then(|(key, _)| fields.get_mut(key)?.as_object_mut());
    let is_first = features.map(modernise).transpose()?.unwrap_or(false);
    Ok((metadata.with_fields(fields), is_first))
}

/// What stands where `path` leads.
pub(crate) fn find<'a>(values: &'a Map<String, Value>, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = values.get(*first)?;
    if rest.is_empty() { Some(value) } else { find(value.as_object()?, rest) }
}
