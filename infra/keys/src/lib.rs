//! Makes, rotates and switches off API keys, in a deployment's table or a local stack's.
//!
//! A secret is an SSM SecureString of the deployment's (`--stack`), and the table has its name; a local stack, which has
//! no SSM, keeps the secret itself. It is printed once, when it is made.

#[cfg(test)]
mod tests;

use std::fmt;

use api::{ConfigError, Env, Parts, Secret, Ssm, SsmError};
use clap::{Parser, Subcommand};
use models::{ApiKeyId, IdError, Permission, Tenant};
use store::{ApiKey, KeyStatus, Store, StoreError};

/// Secrets that are valid at a time: the newest, and while it is rotated the one before.
const MOST_SECRETS: usize = 2;

/// Makes, rotates and switches off API keys. AWS credentials come from the environment (`AWS_ACCESS_KEY_ID`, …).
#[derive(Parser)]
#[command(name = "keys")]
pub struct Cli {
    /// The table; the output `TableName` of a deployed stack
    #[arg(long, env = "TABLE_NAME", default_value = "local-Table")]
    table: String,
    /// The stack whose SSM parameters hold the secrets; without it they are kept in the table, as a local stack wants it
    #[arg(long)]
    stack: Option<String>,
    /// The AWS region
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    region: String,
    /// Another DynamoDB than the region's: a local stack's
    #[arg(long)]
    endpoint_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

/// What is to be done with a key.
#[derive(Subcommand)]
pub enum Command {
    /// Make a key, and print its secret
    Create {
        /// Its public name: letters, digits, `-` and `_`
        #[arg(value_parser = api_key_id)]
        id: ApiKeyId,
        /// Whose rooms it opens: a-z, 0-9 and `-`
        #[arg(long, default_value = "main", value_parser = tenant)]
        tenant: Tenant,
        /// What it may do (repeatable, or with commas); everything when left out
        #[arg(long = "allow", value_name = "create|tokens|read", value_delimiter = ',')]
        permissions: Vec<Permission>,
    },
    /// Give a key another secret, and print it; the one before stays valid until `retire`
    Rotate {
        /// The key
        #[arg(value_parser = api_key_id)]
        id: ApiKeyId,
    },
    /// Make the older secret of a key invalid
    Retire {
        /// The key
        #[arg(value_parser = api_key_id)]
        id: ApiKeyId,
    },
    /// Switch a key off: within a minute it and its unused join tokens are refused
    Disable {
        /// The key
        #[arg(value_parser = api_key_id)]
        id: ApiKeyId,
    },
    /// Switch a key on again
    Enable {
        /// The key
        #[arg(value_parser = api_key_id)]
        id: ApiKeyId,
    },
    /// Show a key, without its secrets
    Show {
        /// The key
        #[arg(value_parser = api_key_id)]
        id: ApiKeyId,
    },
}

/// An API key's name as this command takes it: it stands in the names of SSM parameters, which a `/` would divide.
fn api_key_id(text: &str) -> Result<ApiKeyId, String> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(IdError::Pattern.to_string());
    }
    text.try_into().map_err(|error: IdError| error.to_string())
}

fn tenant(text: &str) -> Result<Tenant, String> {
    text.try_into().map_err(|error: IdError| error.to_string())
}

/// What was done.
#[derive(Debug)]
pub enum Done {
    /// A secret was made; this is it.
    Made(Secret),
    /// The key stands like this now.
    Stands(ApiKey),
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(secret) => f.write_str(secret.text()),
            Self::Stands(key) => {
                let all: Vec<_> = Permission::ALL.iter().filter(|one| key.allows(**one)).collect();
                let all = all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                let (tenant, secrets) = (&key.tenant, key.secrets.len());
                write!(f, "tenant {tenant}, {}, allows {all}, secrets {secrets}", key.status)
            }
        }
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A key of this name is there.
    #[error("there is a key {0} already")]
    Taken(ApiKeyId),
    /// No key of this name is there.
    #[error("there is no key {0}")]
    Unknown(ApiKeyId),
    /// Both secrets of the key are in use.
    #[error("two secrets of {0} are valid; retire the older one first")]
    InRotation(ApiKeyId),
    /// There is no older secret.
    #[error("{0} has one secret, which cannot be retired")]
    LastSecret(ApiKeyId),
    /// The key was changed by somebody else at the same time.
    #[error("{0} was changed meanwhile; look and try again")]
    Changed(ApiKeyId),
    /// The command's own settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// SSM said no.
    #[error(transparent)]
    Ssm(#[from] SsmError),
    /// The table said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where keys and their secrets are.
pub struct Keys {
    store: Store,
    parts: Parts,
    /// SSM, and the stack's name there; none where the table holds the secrets.
    vault: Option<(Ssm, String)>,
}

/// Does what the command line says.
pub async fn run(cli: &Cli) -> Result<Done, Failure> {
    let own = [
        ("TABLE_NAME", Some(&cli.table)),
        ("AWS_REGION", Some(&cli.region)),
        ("AWS_ENDPOINT_URL_DYNAMODB", cli.endpoint_url.as_ref()),
    ];
    let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
    let env = Env::new(std::env::vars().chain(own));
    let vault = cli.stack.as_ref().map(|stack| Ok::<_, ConfigError>((Ssm::of(&env)?, stack.clone())));
    let parts = Parts::default();
    let store = env.store(&parts)?;
    Keys { store, parts, vault: vault.transpose()? }.carry_out(&cli.command).await
}

impl Keys {
    /// Keys whose secrets are in the table itself.
    pub const fn in_table(store: Store, parts: Parts) -> Self {
        Self { store, parts, vault: None }
    }

    /// Does what was asked.
    pub async fn carry_out(&self, command: &Command) -> Result<Done, Failure> {
        match command {
            Command::Create { id, tenant, permissions } => self.create(id, tenant, permissions).await,
            Command::Rotate { id } => self.rotate(id).await,
            Command::Retire { id } => {
                self.change(id, |key| match key.secrets.len() {
                    0 | 1 => Err(Failure::LastSecret(id.clone())),
                    _ => {
                        key.secrets.truncate(1);
                        Ok(())
                    }
                })
                .await
            }
            Command::Disable { id } => self.switch(id, KeyStatus::Disabled).await,
            Command::Enable { id } => self.switch(id, KeyStatus::Active).await,
            Command::Show { id } => Ok(Done::Stands(self.known(id).await?)),
        }
    }

    async fn create(
        &self,
        id: &ApiKeyId,
        tenant: &Tenant,
        permissions: &[Permission],
    ) -> Result<Done, Failure> {
        let (secret, reference) = self.draw(id).await?;
        let key = ApiKey {
            id: Some(id.clone()),
            tenant: tenant.clone(),
            secrets: vec![reference],
            status: KeyStatus::Active,
            permissions: (!permissions.is_empty()).then(|| permissions.iter().copied().collect()),
            version: 0,
            created_at: self.parts.clock.now(),
        };
        if self.store.put_api_key(id, &key, false).await? {
            Ok(Done::Made(secret))
        } else {
            Err(Failure::Taken(id.clone()))
        }
    }

    async fn rotate(&self, id: &ApiKeyId) -> Result<Done, Failure> {
        if self.known(id).await?.secrets.len() >= MOST_SECRETS {
            return Err(Failure::InRotation(id.clone()));
        }
        let (secret, reference) = self.draw(id).await?;
        self.change(id, |key| {
            if key.secrets.len() >= MOST_SECRETS {
                return Err(Failure::InRotation(id.clone()));
            }
            key.secrets.insert(0, reference.clone());
            Ok(())
        })
        .await?;
        Ok(Done::Made(secret))
    }

    async fn switch(&self, id: &ApiKeyId, status: KeyStatus) -> Result<Done, Failure> {
        self.change(id, |key| {
            key.status = status;
            Ok(())
        })
        .await
    }

    async fn known(&self, id: &ApiKeyId) -> Result<ApiKey, Failure> {
        self.store.api_key(id).await?.ok_or_else(|| Failure::Unknown(id.clone()))
    }

    /// Changes a key, unless somebody else did meanwhile.
    async fn change(
        &self,
        id: &ApiKeyId,
        change: impl Fn(&mut ApiKey) -> Result<(), Failure>,
    ) -> Result<Done, Failure> {
        let mut key = self.known(id).await?;
        change(&mut key)?;
        if self.store.replace_api_key(id, &mut key).await? {
            Ok(Done::Stands(key))
        } else {
            Err(Failure::Changed(id.clone()))
        }
    }

    /// A new secret, and what the table says of it. Of a command that fails later a secret is left that nothing refers to.
    async fn draw(&self, id: &ApiKeyId) -> Result<(Secret, String), Failure> {
        let secret = Secret::draw(&*self.parts.random);
        let Some((ssm, stack)) = &self.vault else {
            let reference = secret.text().to_owned();
            return Ok((secret, reference));
        };
        let name = format!("/vestibule/{stack}/api-keys/{id}/{}", self.parts.random.uuid().simple());
        ssm.put_new(&name, &secret).await?;
        Ok((secret, format!("ssm:{name}")))
    }
}
