//! SSM Parameter Store, as far as secrets need it: two calls, signed and sent with the parts that the DynamoDB client
//! brings along. The SDK of SSM is the slowest crate of all to compile (`docs/decisions/0008`).

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt as _;
use models::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::{ConfigError, Env, Secret};

const ATTEMPTS: u32 = 3;
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

/// Why a parameter could not be read or written; holds nothing of its value.
#[derive(Debug, thiserror::Error)]
#[error("SSM parameter {name}: {reason}")]
pub struct SsmError {
    /// The parameter.
    pub name: String,
    /// What SSM, or the way to it, had against it.
    pub reason: String,
}

/// The parameters of one account and region.
#[derive(Clone, Debug)]
pub struct Ssm {
    endpoint: String,
    region: String,
    credentials: Credentials,
    /// Made at the first call, for most functions make none; it keeps its connections.
    connector: Arc<OnceLock<Option<SharedHttpConnector>>>,
}

/// What one attempt gave.
enum Attempt {
    Answered(Value),
    /// SSM says no; asking again gives the same. With the kind of its error.
    Refused(String),
    /// It may work in a moment.
    Failed(String),
}

impl Ssm {
    /// The parameters that the process may see.
    pub fn of(env: &Env) -> Result<Self, ConfigError> {
        env.required("AWS_REGION")?;
        Ok(env.secrets().ssm().clone())
    }

    pub(crate) fn new(region: &str, endpoint: Option<String>, credentials: Credentials) -> Self {
        let endpoint = endpoint.unwrap_or_else(|| format!("https://ssm.{region}.amazonaws.com"));
        Self { endpoint, region: region.to_owned(), credentials, connector: Arc::default() }
    }

    /// The value of the SecureString `name`.
    pub async fn get(&self, name: &str) -> Result<Secret, SsmError> {
        let failed = |reason: String| SsmError { name: name.to_owned(), reason };
        let asked = json!({"Name": name, "WithDecryption": true});
        let found = self.call("GetParameter", &asked).await.map_err(failed)?;
        let value = found["Parameter"]["Value"].as_str();
        value.map(Secret::from).ok_or_else(|| failed("has no value".to_owned()))
    }

    /// Makes the SecureString `name`. Says whether it was made: one that is there stays as it is.
    pub async fn put_new(&self, name: &str, value: &Secret) -> Result<bool, SsmError> {
        let asked = json!({"Name": name, "Value": value.text(), "Type": "SecureString", "Overwrite": false});
        match self.call("PutParameter", &asked).await {
            Ok(_) => Ok(true),
            Err(kind) if kind == "ParameterAlreadyExists" => Ok(false),
            Err(reason) => Err(SsmError { name: name.to_owned(), reason }),
        }
    }

    async fn call(&self, operation: &str, asked: &Value) -> Result<Value, String> {
        let mut attempts = 1;
        loop {
            match self.attempt(operation, asked.to_string()).await? {
                Attempt::Answered(answer) => return Ok(answer),
                Attempt::Refused(kind) => return Err(kind),
                Attempt::Failed(reason) if attempts == ATTEMPTS => return Err(reason),
                Attempt::Failed(_) => {
                    tokio::time::sleep(PAUSE * attempts).await;
                    attempts += 1;
                }
            }
        }
    }

    async fn attempt(&self, operation: &str, body: String) -> Result<Attempt, String> {
        let request = self.signed(operation, body).map_err(|error| error.to_string())?;
        let connector =
            self.connector.get_or_init(|| default_connector(&HttpConnectorSettings::default(), None));
        let connector = connector.as_ref().ok_or("no HTTPS client")?;
        let exchange = async {
            let mut answer = connector.call(request).await.map_err(|error| error.to_string())?;
            let body = answer.take_body().collect().await.map_err(|error| error.to_string())?;
            Ok::<_, String>((answer.status(), body.to_bytes()))
        };
        let (status, body) = match tokio::time::timeout(ATTEMPT_TIMEOUT, exchange).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(error)) => return Ok(Attempt::Failed(error)),
            Err(_) => return Ok(Attempt::Failed("no answer in time".to_owned())),
        };
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(Attempt::Answered(body));
        }
        // `__type` may have a namespace in front.
        let kind =
            body["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or("no reason given");
        let again = status.is_server_error() || kind.contains("Throttling");
        let kind = kind.to_owned();
        Ok(if again { Attempt::Failed(kind) } else { Attempt::Refused(kind) })
    }

    /// A request of the JSON protocol 1.1, signed with Signature Version 4.
    fn signed(
        &self,
        operation: &str,
        body: String,
    ) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", &format!("AmazonSSM.{operation}")),
        ];
        let uri = format!("{}/", self.endpoint);
        let mut request = http::Request::post(&uri);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body.as_str()))?;
        let now = Duration::from_millis(u64::try_from(SystemClock.now().millis())?);
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ssm")
            .time(SystemTime::UNIX_EPOCH + now)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let to_sign =
            SignableRequest::new("POST", &uri, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
        sign(to_sign, &params)?.into_parts().0.apply_to_request_http1x(&mut request);
        Ok(HttpRequest::try_from(request)?)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// An SSM that gives these answers in turn; and what it was asked.
    async fn asked(answers: Vec<(u16, Value)>, ask: impl AsyncFnOnce(Ssm)) -> Vec<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let server = tokio::spawn(async move {
            let mut requests = Vec::new();
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.expect("a caller");
                let mut request = vec![0; 8192];
                let mut length = 0;
                // Head and body may come apart; the body ends with its closing brace.
                while !request[..length].ends_with(b"}") {
                    length += stream.read(&mut request[length..]).await.expect("readable");
                }
                requests.push(String::from_utf8_lossy(&request[..length]).into_owned());
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.expect("writable");
            }
            requests
        });
        let credentials = Credentials::new("AKID", "secret", Some("session".to_owned()), None, "test");
        ask(Ssm::new("us-east-1", Some(endpoint), credentials)).await;
        server.await.expect("asked as often as it answers")
    }

    #[tokio::test]
    async fn a_secret_is_asked_for_by_a_signed_request() {
        let answers = vec![(200, json!({"Parameter": {"Value": "s3cret"}}))];
        let requests = asked(answers, async |ssm| {
            assert_eq!(ssm.get("/a/b").await.expect("found").text(), "s3cret");
        })
        .await;
        let request = requests[0].to_ascii_lowercase();
        assert!(request.contains("x-amz-target: amazonssm.getparameter"), "{request}");
        assert!(request.contains("authorization: aws4-hmac-sha256 credential=akid/"), "{request}");
        assert!(request.contains("/us-east-1/ssm/aws4_request"), "{request}");
        assert!(request.contains("x-amz-security-token: session"), "{request}");
        assert!(request.ends_with("{\"name\":\"/a/b\",\"withdecryption\":true}"), "{request}");
    }

    #[tokio::test]
    async fn a_failure_that_may_pass_is_tried_again_and_a_refusal_is_not() {
        let throttled = (400, json!({"__type": "com.amazonaws.ssm#ThrottlingException"}));
        let answers = vec![(500, json!({})), throttled, (200, json!({"Parameter": {"Value": "x"}}))];
        asked(answers, async |ssm| assert_eq!(ssm.get("n").await.expect("found").text(), "x")).await;
        asked(vec![(400, json!({"__type": "ParameterNotFound"}))], async |ssm| {
            let error = ssm.get("/gone").await.expect_err("refused").to_string();
            assert_eq!(error, "SSM parameter /gone: ParameterNotFound");
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_there_is_not_replaced() {
        let there = (400, json!({"__type": "ParameterAlreadyExists"}));
        let requests = asked(vec![there, (200, json!({"Version": 1}))], async |ssm| {
            assert!(!ssm.put_new("n", &"v".into()).await.expect("answered"));
            assert!(ssm.put_new("n", &"v".into()).await.expect("answered"));
        })
        .await;
        assert!(requests[0].contains("\"Overwrite\":false"), "{}", requests[0]);
    }
}
