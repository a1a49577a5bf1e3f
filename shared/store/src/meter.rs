//! Counts what DynamoDB is asked for, for the log line of each request and for the benchmarks.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::ConsumedCapacity;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// Round trips and capacity units since a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Calls over the network, retries included.
    pub calls: u32,
    /// How long they were waited for, one after the other.
    pub waited: Duration,
    /// Read units.
    pub read_units: f64,
    /// Write units on the table.
    pub write_units: f64,
    /// Write units on its indexes.
    pub index_units: f64,
}

impl std::ops::Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            calls: self.calls - earlier.calls,
            waited: self.waited.saturating_sub(earlier.waited),
            read_units: self.read_units - earlier.read_units,
            write_units: self.write_units - earlier.write_units,
            index_units: self.index_units - earlier.index_units,
        }
    }
}

/// A running count.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Usage>);

impl Meter {
    /// What a read consumed.
    pub(crate) fn read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for capacity in consumed {
            self.update(|usage| usage.read_units += capacity.capacity_units().unwrap_or(0.0));
        }
    }

    /// What a write consumed, table and indexes apart.
    pub(crate) fn write<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        for capacity in consumed {
            let whole = capacity.capacity_units().unwrap_or(0.0);
            let table =
                capacity.table().and_then(aws_sdk_dynamodb::types::Capacity::capacity_units).unwrap_or(whole);
            self.update(|usage| {
                usage.write_units += table;
                usage.index_units += whole - table;
            });
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut Usage)) {
        change(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

/// Counts each call as it goes out, whichever operation sends it.
#[derive(Debug)]
pub(crate) struct CallCounter(pub(crate) Arc<Meter>);

/// When a call went out.
#[derive(Debug)]
struct Sent(Instant);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for CallCounter {
    fn name(&self) -> &'static str {
        "CallCounter"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Sent(Instant::now()));
        self.0.update(|usage| usage.calls += 1);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Sent(at)) = cfg.load::<Sent>() {
            self.0.update(|usage| usage.waited += at.elapsed());
        }
        Ok(())
    }
}
