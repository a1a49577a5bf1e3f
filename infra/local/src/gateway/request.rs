//! What both APIs read of a request in the same way.

use std::borrow::Cow;

use hyper::header::{HeaderMap, HeaderName};
use models::{Clock as _, Random as _, SystemClock, SystemRandom, Timestamp};

use super::routes::decode;

/// These are between the client and the gateway.
const HOP_HEADERS: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// What the gateway itself says about a request.
const ADDED_HEADERS: [&str; 4] =
    ["x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];

/// The id of a request, as long as API Gateway's.
pub(crate) fn request_id() -> String {
    SystemRandom.uuid().as_simple().to_string()
}

/// A time as in the common log format: `12/Mar/2020:19:03:58 +0000`.
pub(crate) fn log_time(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(time.millis()).unwrap_or_default();
    time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// The headers that a client sends and a function sees.
pub(crate) fn passed_headers(all: &HeaderMap) -> impl Iterator<Item = (&HeaderName, Cow<'_, str>)> {
    let passed = all.iter().filter(|(name, _)| {
        let name = name.as_str();
        !HOP_HEADERS.contains(&name) && !ADDED_HEADERS.contains(&name)
    });
    passed.map(|(name, value)| (name, String::from_utf8_lossy(value.as_bytes())))
}

/// What the gateway at `domain` adds to the headers of a request from `source`.
pub(crate) fn added_headers(domain: &str, source: &str) -> [(&'static str, String); 4] {
    let port = domain.rsplit_once(':').map_or("80", |(_, port)| port);
    let trace = format!("Root=1-{:08x}-{}", SystemClock.now().seconds(), &request_id()[..24]);
    let [trace_id, forwarded_for, forwarded_port, forwarded_proto] = ADDED_HEADERS;
    [
        (trace_id, trace),
        (forwarded_for, source.to_owned()),
        (forwarded_port, port.to_owned()),
        (forwarded_proto, "http".to_owned()),
    ]
}

/// The parameters of a query in their order, decoded.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
    })
}

/// The first header of this name, as text.
pub(crate) fn header_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
