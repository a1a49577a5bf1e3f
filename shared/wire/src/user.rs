//! A participant's metadata, as a request for a join token has it.

use models::UserId;

use crate::Field;

/// What a person may be kept from; by plugNmeet's names.
pub const LOCKS: &[Field] = &[
    Field::flag("lock_microphone"),
    Field::flag("lock_webcam"),
    Field::flag("lock_screen_sharing"),
    Field::flag("lock_whiteboard"),
    Field::flag("lock_shared_notepad"),
    Field::flag("lock_chat"),
    Field::flag("lock_chat_send_message"),
    Field::flag("lock_chat_file_share"),
    Field::flag("lock_private_chat"),
    Field::flag("lock_reactions"),
];

const RAISED_HAND: &[Field] = &[Field::off("is_raised").owned(), Field::long("raised_at").owned()];

/// `user_metadata`. `is_admin` is not among its fields: it is the server's to say, and whatever was sent has no effect.
pub const USER_METADATA: &[Field] = &[
    Field::optional_text("profile_pic").uri(),
    Field::off("is_presenter").owned(),
    Field::on("record_webcam"),
    Field::part("raised_hand", RAISED_HAND),
    Field::off("wait_for_approval").owned(),
    Field::optional_text("preferred_lang"),
    Field::part("lock_settings", LOCKS),
    Field::text("metadata_id").owned(),
    Field::optional_text("ex_user_id").at_most(UserId::MAX),
    Field::json("extra_data"),
];
