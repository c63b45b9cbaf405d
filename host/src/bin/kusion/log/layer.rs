//! Turns spans and events into lines: a span becomes a line when it ends, with how long it took.

use std::time::Instant;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::log::Line;
use crate::log::fields::Fields;
use crate::stderr::Stderr;

/// Writes a line for every event and every span that ends.
pub(crate) struct Log {
    stderr: Stderr,
}

/// A span that has not ended.
struct Open {
    start: Instant,
    fields: Fields,
}

impl Log {
    /// Writes to standard error.
    pub(crate) fn new(stderr: Stderr) -> Self {
        Self { stderr }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(Open { start: Instant::now(), fields });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.take_message().unwrap_or_else(|| event.metadata().name().to_owned());
        let duration = fields.take_duration();
        let span = context.event_span(event);
        let spans = span.map(|span| with_parents(&span)).unwrap_or_default();
        if let Some((_, around)) = spans.last() {
            fields.add_names(around);
        }
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        self.stderr.log(&Line { level, target, message, duration, fields, spans });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Open { start, fields }) = span.extensions_mut().remove::<Open>() else { return };
        let duration = Some(start.elapsed().as_secs_f64() * 1000.0);
        let spans = span.parent().map(|parent| with_parents(&parent)).unwrap_or_default();
        let metadata = span.metadata();
        let (level, target) = (*metadata.level(), metadata.target());
        let message = metadata.name().to_owned();
        self.stderr.log(&Line { level, target, message, duration, fields, spans });
    }
}

/// Returns a span and those around it, outermost first.
fn with_parents<S: for<'a> LookupSpan<'a>>(span: &SpanRef<'_, S>) -> Vec<(&'static str, Fields)> {
    let fields = |span: &SpanRef<'_, S>| {
        span.extensions().get::<Open>().map(|open| open.fields.clone()).unwrap_or_default()
    };
    span.scope().from_root().map(|span| (span.name(), fields(&span))).collect()
}
