//! What queues, streams and functions say of each other, once all of them are known.

use super::error::Fault;
use super::model::{Function, Template};
use super::sources::{Queue, QueueSource, StreamSource};

/// Most messages of a FIFO queue in one call.
const MOST_OF_FIFO: usize = 10;
/// Most messages of a standard queue in one call that does not wait for them.
const MOST_AT_ONCE: usize = 10;

/// Checks what a deployment would refuse.
pub(super) fn check(template: &Template) -> Result<(), Fault> {
    template.queues.iter().try_for_each(|queue| redrive(queue, template))?;
    for function in &template.functions {
        for source in &function.streams {
            stream(source, function, template)?;
        }
        for source in &function.queues {
            queue(source, function, template)?;
        }
    }
    Ok(())
}

fn redrive(queue: &Queue, template: &Template) -> Result<(), Fault> {
    let Some(redrive) = &queue.redrive else { return Ok(()) };
    let Some(dead_letters) = template.queue_of(&redrive.dead_letter_arn) else {
        return Err(Fault::unknown(queue.line, "RedrivePolicy: this is no queue of the template"));
    };
    if dead_letters.fifo.is_some() != queue.fifo.is_some() {
        let what = "RedrivePolicy: the dead-letter queue of a FIFO queue is one too, and of no other queue";
        return Err(Fault::invalid(queue.line, what));
    }
    Ok(())
}

fn stream(source: &StreamSource, function: &Function, template: &Template) -> Result<(), Fault> {
    if !template.tables.iter().any(|table| table.stream_arn.as_deref() == Some(source.arn.as_str())) {
        return Err(Fault::unknown(source.line, "Stream: this is no stream of a table of the template"));
    }
    let Some(arn) = &source.on_failure else { return Ok(()) };
    if template.queue_of(arn).is_none_or(|queue| queue.fifo.is_some()) {
        let what = "DestinationConfig: this is no standard queue of the template";
        return Err(Fault::unknown(source.line, what));
    }
    // Lambda sends there as the function.
    if !function.grants.iter().any(|grant| grant.allows("sqs:SendMessage", arn)) {
        let what = format!(
            "DestinationConfig: no policy of `{}` allows sqs:SendMessage on {arn}",
            function.logical_id
        );
        return Err(Fault::invalid(source.line, what));
    }
    Ok(())
}

fn queue(source: &QueueSource, function: &Function, template: &Template) -> Result<(), Fault> {
    let Some(queue) = template.queue_of(&source.arn) else {
        return Err(Fault::unknown(source.line, "Queue: this is no queue of the template"));
    };
    if queue.visibility < function.timeout {
        let what = format!(
            "the visibility timeout of `{}` is less than the timeout of `{}`",
            queue.logical_id, function.logical_id
        );
        return Err(Fault::invalid(source.line, what));
    }
    if queue.fifo.is_some() && (source.batch > MOST_OF_FIFO || !source.window.is_zero()) {
        let what = "a FIFO queue gives 10 messages at most for a call, and has no batching window";
        return Err(Fault::invalid(source.line, what));
    }
    if source.batch > MOST_AT_ONCE && source.window.is_zero() {
        let what = "a BatchSize of more than 10 needs a MaximumBatchingWindowInSeconds";
        return Err(Fault::invalid(source.line, what));
    }
    let mut readers = template.functions.iter().flat_map(|function| &function.queues);
    if readers.any(|other| other.arn == source.arn && other.line != source.line) {
        let what =
            format!("another function reads `{}` too: each would get some of its messages", queue.name);
        return Err(Fault::invalid(source.line, what));
    }
    Ok(())
}
