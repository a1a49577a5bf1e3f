//! Why SQS does not do what it is asked, with the codes of
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html> and of each operation.

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such queue.
    #[error("The specified queue does not exist.")]
    NoQueue,
    /// A parameter has a value that cannot be.
    #[error("{0}")]
    InvalidParameter(String),
    /// A parameter is missing.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// The body has characters that may not be there.
    #[error(
        "Invalid binary character was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidContents,
    /// This is no receipt handle, or one of another queue.
    #[error("The input receipt handle is invalid.")]
    InvalidReceipt,
    /// Nobody holds the message.
    #[error("The message referred to is not in flight.")]
    NotInFlight,
    /// A batch without entries.
    #[error("There should be at least one entry in the request.")]
    EmptyBatch,
    /// A batch with too many of them.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntries(usize),
    /// Two entries of a batch with one id.
    #[error("Id {0} repeated.")]
    NotDistinct(String),
    /// An entry with a malformed id.
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidEntryId,
    /// The entries of a batch are too long together.
    #[error("Batch requests cannot be longer than {most} bytes. You have sent {sent} bytes.")]
    BatchTooLong {
        /// How long they may be.
        most: usize,
        /// How long they are.
        sent: usize,
    },
    /// The request is not what the protocol says.
    #[error("{0}")]
    Malformed(String),
    /// Nothing here does what is asked for.
    #[error("The local stack does not know the operation {0}.")]
    UnknownOperation(String),
    /// No policy of the caller's role allows it.
    #[error("{0}")]
    Denied(String),
    /// The messages could not be stored.
    #[error("The messages could not be stored: {0}")]
    Storage(String),
}

impl Refusal {
    /// Of a value; the text begins with the name of its parameter.
    pub(super) fn invalid_value(parameter: &str, reason: &str) -> Self {
        Self::InvalidParameter(format!("Value for parameter {parameter} is invalid. {reason}"))
    }

    /// The code in the older protocol, by which SDKs know an error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoQueue => "AWS.SimpleQueueService.NonExistentQueue",
            Self::InvalidParameter(_) => "InvalidParameterValue",
            Self::MissingParameter(_) => "MissingParameter",
            Self::InvalidContents => "InvalidMessageContents",
            Self::InvalidReceipt => "ReceiptHandleIsInvalid",
            Self::NotInFlight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::EmptyBatch => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::TooManyEntries(_) => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            Self::NotDistinct(_) => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::InvalidEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::BatchTooLong { .. } => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::Malformed(_) => "MalformedInput",
            Self::UnknownOperation(_) => "InvalidAction",
            Self::Denied(_) => "AccessDenied",
            Self::Storage(_) => "InternalFailure",
        }
    }

    /// The name of the error's shape in the JSON protocol.
    pub fn shape(&self) -> &'static str {
        match self {
            Self::NoQueue => "com.amazonaws.sqs#QueueDoesNotExist",
            Self::InvalidParameter(_) => "com.amazon.coral.service#InvalidParameterValueException",
            Self::MissingParameter(_) => "com.amazon.coral.service#MissingRequiredParameterException",
            Self::InvalidContents => "com.amazonaws.sqs#InvalidMessageContents",
            Self::InvalidReceipt => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            Self::NotInFlight => "com.amazonaws.sqs#MessageNotInflight",
            Self::EmptyBatch => "com.amazonaws.sqs#EmptyBatchRequest",
            Self::TooManyEntries(_) => "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            Self::NotDistinct(_) => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            Self::InvalidEntryId => "com.amazonaws.sqs#InvalidBatchEntryId",
            Self::BatchTooLong { .. } => "com.amazonaws.sqs#BatchRequestTooLong",
            Self::Malformed(_) => "com.amazon.coral.service#SerializationException",
            Self::UnknownOperation(_) => "com.amazon.coral.service#UnknownOperationException",
            Self::Denied(_) => "com.amazon.coral.service#AccessDeniedException",
            Self::Storage(_) => "com.amazon.coral.service#InternalFailure",
        }
    }

    /// Whether the caller can do something about it.
    pub fn is_callers_fault(&self) -> bool {
        !matches!(self, Self::Storage(_))
    }
}
