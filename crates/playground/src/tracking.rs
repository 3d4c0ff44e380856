//! Deliveries, and what the page is told about them meanwhile.

use crate::{
    delivery::{Delivery, News, millis},
    event::Event,
    site::Site,
    workspace::{Progress, Question},
};

impl Site {
    /// Delivers an event with Slack's retries, to the ingresses in turn or to `only` one.
    pub(crate) async fn deliver(&self, event: &Event, only: Option<&str>) -> Delivery {
        let tracked = self.begin_delivery(event, false);
        let delivery = self.sender.deliver(event, only, |news| self.progress(tracked.as_ref(), &news)).await;
        if !delivery.is_acked() {
            self.settle(tracked.as_ref(), Progress::Lost);
        }
        delivery
    }

    /// Sends an event once more, whatever became of it before.
    pub(crate) async fn deliver_again(&self, event: &Event) {
        let tracked = self.begin_delivery(event, true);
        let acked = self.sender.repeat(event, |news| self.progress(tracked.as_ref(), &news)).await;
        if !acked {
            self.settle(tracked.as_ref(), Progress::Lost);
        }
    }

    /// The question that the event is about, and the delivery's place in its trace.
    fn begin_delivery(&self, event: &Event, again: bool) -> Option<(Question, usize)> {
        let question = event.question.clone()?;
        let place = self.glimpse(|workspace| {
            let now = workspace.millis();
            workspace.touch_trace(&question);
            workspace.traces.begin_delivery(&question, event, again, now)
        })?;
        Some((question, place))
    }

    fn progress(&self, tracked: Option<&(Question, usize)>, news: &News<'_>) {
        match news {
            News::Sending => self.settle(tracked, Progress::Sending),
            News::Waiting(wait) => {
                let until = self.options.clock.millis().saturating_add(millis(*wait));
                self.settle(tracked, Progress::Waiting { until });
            }
            News::Attempted(attempt) => {
                let Some((question, place)) = tracked else { return };
                self.glimpse(|workspace| {
                    let now = workspace.millis();
                    workspace.touch_trace(question);
                    workspace.traces.progress(question, *place, |tracked| {
                        tracked.attempts.push((now, (*attempt).clone()));
                        if attempt.is_acked() {
                            tracked.progress = Progress::Acked;
                        }
                    });
                });
            }
        }
    }

    fn settle(&self, tracked: Option<&(Question, usize)>, progress: Progress) {
        let Some((question, place)) = tracked else { return };
        self.glimpse(|workspace| {
            workspace.touch_trace(question);
            workspace.traces.progress(question, *place, |tracked| tracked.progress = progress);
        });
    }
}
