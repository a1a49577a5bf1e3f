//! What follows from one feature of a room for another, and from what the deployment allows.

use serde_json::{Map, Value, json};

use crate::room::find;

/// What a deployment allows its rooms.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// Transcription, translation, AI.
    pub insights: bool,
    /// Joining by telephone.
    pub sip: bool,
    /// Most breakout rooms.
    pub breakout_rooms: u32,
    /// Most minutes of a session; none when unlimited.
    pub minutes: Option<u64>,
    /// The copyright line; empty for none.
    pub copyright: String,
    /// Whether a room may bring its own.
    pub own_copyright: bool,
}

/// Breakout rooms where the request does not say how many.
const BREAKOUT_ROOMS: u32 = 6;

/// Kinds of files that may be sent in the chat, where the request names none.
const FILE_TYPES: [&str; 13] =
    ["docx", "jpeg", "jpg", "mp3", "mp4", "pdf", "png", "pptx", "svg", "txt", "webm", "xlsx", "zip"];

/// Largest files of chat and whiteboard, in MB.
const CHAT_FILE: &str = "50";
const WHITEBOARD_FILE: &str = "30";

const RECORDING: &str = "recording_features";
const CHAT: &str = "chat_features";
const INSIGHTS: &str = "insights_features";
const TRANSCRIPTION: &str = "transcription_features";
const AI: &str = "ai_features";
const SUMMARIES: &str = "meeting_summarization_features";
const ENCRYPTION: &str = "end_to_end_encryption_features";
const BROADCASTING: &str = "external_broadcasting_features";

/// The features with everything that follows. The order counts: a feature that the request switches off takes its parts
/// with it; what encryption or the deployment forbids goes alone.
pub(crate) fn apply(features: &mut Map<String, Value>, allowed: &Allowed, encryption_key: String) {
    let mut features = Features(features);
    features.limits(allowed);
    features.parts();
    features.encryption(encryption_key);
    if !allowed.insights {
        features.off(&[INSIGHTS, "is_allow"]);
    }
    if !allowed.sip {
        features.off(&["sip_dial_in_features", "is_allow"]);
    }
}

struct Features<'a>(&'a mut Map<String, Value>);

impl Features<'_> {
    fn is_on(&self, path: &[&str]) -> bool {
        find(self.0, path) == Some(&Value::Bool(true))
    }

    fn set(&mut self, path: &[&str], value: Value) {
        let Some((name, parts)) = path.split_last() else { return };
        let part = parts.iter().try_fold(&mut *self.0, |part, name| part.get_mut(*name)?.as_object_mut());
        if let Some(part) = part {
            part.insert((*name).to_owned(), value);
        }
    }

    fn off(&mut self, path: &[&str]) {
        self.set(path, json!(false));
    }

    /// Switches parts off together.
    fn all_off(&mut self, part: &[&str], names: &[&str]) {
        for name in names {
            self.off(&[part, &[name]].concat());
        }
    }

    /// What the server says, and how much the deployment allows.
    fn limits(&mut self, allowed: &Allowed) {
        if find(self.0, &[CHAT, "allowed_file_types"]).is_none_or(|types| *types == json!([])) {
            self.set(&[CHAT, "allowed_file_types"], json!(FILE_TYPES));
        }
        self.set(&[CHAT, "max_file_size"], json!(CHAT_FILE));
        self.set(&["whiteboard_features", "max_allowed_file_size"], json!(WHITEBOARD_FILE));
        self.set(&[INSIGHTS, TRANSCRIPTION, "max_selected_trans_langs"], json!(2));
        self.set(&[INSIGHTS, "chat_translation_features", "max_selected_trans_langs"], json!(5));
        let asked = find(self.0, &["breakout_room_features", "allowed_number_rooms"]).and_then(Value::as_u64);
        let asked = asked.filter(|asked| *asked > 0).unwrap_or(BREAKOUT_ROOMS.into());
        let rooms = asked.min(allowed.breakout_rooms.into());
        self.set(&["breakout_room_features", "allowed_number_rooms"], json!(rooms));
        if let Some(most) = allowed.minutes {
            let asked = find(self.0, &["room_duration"]).and_then(|minutes| minutes.as_str()?.parse().ok());
            let minutes = asked.filter(|asked| (1..most).contains(asked)).unwrap_or(most);
            self.set(&["room_duration"], json!(minutes.to_string()));
        }
    }

    /// What the request switches off takes its parts with it.
    fn parts(&mut self) {
        if !self.is_on(&[RECORDING, "is_allow"]) {
            let parts = [
                "is_allow_cloud",
                "enable_auto_cloud_recording",
                "is_allow_local",
                "only_record_admin_webcams",
            ];
            self.all_off(&[RECORDING], &parts);
        }
        if !self.is_on(&[CHAT, "is_allow"]) {
            self.off(&[CHAT, "is_allow_file_upload"]);
        }
        if !self.is_on(&[INSIGHTS, "is_allow"]) {
            for part in [TRANSCRIPTION, "chat_translation_features", AI] {
                self.off(&[INSIGHTS, part, "is_allow"]);
            }
        }
        if !self.is_on(&[INSIGHTS, TRANSCRIPTION, "is_allow"]) {
            self.all_off(&[INSIGHTS, TRANSCRIPTION], &["is_allow_translation", "is_allow_speech_synthesis"]);
        }
        if !self.is_on(&[INSIGHTS, AI, "is_allow"]) {
            for part in ["ai_text_chat_features", SUMMARIES] {
                self.off(&[INSIGHTS, AI, part, "is_allow"]);
            }
        }
        if let Some(rtmp) = self.0.get("allow_rtmp").cloned() {
            self.set(&[BROADCASTING, "is_allow"], rtmp.clone());
            self.set(&[BROADCASTING, "is_allow_rtmp"], rtmp);
        }
    }

    /// What cannot be where the media are encrypted, and what can be only where the server has the key.
    fn encryption(&mut self, key: String) {
        if !self.is_on(&[ENCRYPTION, "is_enabled"]) {
            let parts =
                ["included_chat_messages", "included_whiteboard", "enabled_self_insert_encryption_key"];
            self.all_off(&[ENCRYPTION], &parts);
            return;
        }
        for part in ["sip_dial_in_features", "ingress_features"] {
            self.off(&[part, "is_allow"]);
        }
        if !self.is_on(&[ENCRYPTION, "enabled_self_insert_encryption_key"]) {
            self.set(&[ENCRYPTION, "encryption_key"], json!(key));
            return;
        }
        self.off(&[BROADCASTING, "is_allow"]);
        self.all_off(&[RECORDING], &["is_allow_cloud", "enable_auto_cloud_recording"]);
        self.all_off(&[INSIGHTS, TRANSCRIPTION], &["is_allow", "is_allow_translation"]);
        self.off(&[INSIGHTS, AI, SUMMARIES, "is_allow"]);
    }
}
