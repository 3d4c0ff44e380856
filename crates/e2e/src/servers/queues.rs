//! What a broker is asked about its queues: expressions in Erlang for `rabbitmqctl eval`.
//!
//! rabbitmqctl's own commands know too little: `list_queues` is behind for quorum queues, and nothing deletes by prefix.

use crate::HarnessError;

/// Messages of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    /// Waiting for a consumer, or for their time.
    pub ready: u64,
    /// With a consumer that has not acknowledged them, or on their way to the dead-letter queue.
    pub unacknowledged: u64,
}

impl QueueDepth {
    /// Whether nothing is in the queue.
    pub fn is_empty(&self) -> bool {
        self.ready == 0 && self.unacknowledged == 0
    }
}

/// Reads a line of what [`depths`] prints, if the queue is one with this prefix.
pub(super) fn depth(line: &str, prefix: &str) -> Option<(String, QueueDepth)> {
    let mut columns = line.split('\t');
    let name = columns.next()?.strip_prefix(prefix)?.to_owned();
    let ready = columns.next()?.trim().parse().ok()?;
    let unacknowledged = columns.next()?.trim().parse().ok()?;
    Some((name, QueueDepth { ready, unacknowledged }))
}

/// The Erlang condition that the name in the resource `N` starts with `prefix`.
fn is_ours(prefix: &str) -> Result<String, HarnessError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !prefix.chars().all(plain) {
        let output =
            "a prefix of letters, digits, `-`, `_` and `.` is expected: it is part of an expression".to_owned();
        return Err(HarnessError::Control { arguments: format!("eval (queues of `{prefix}`)"), output });
    }
    // The fourth element of a resource is its name.
    Ok(format!(r#"lists:prefix("{prefix}", binary_to_list(element(4, N)))"#))
}

/// Prints a line for each queue: name, ready messages, all others.
pub(super) fn depths(prefix: &str) -> Result<String, HarnessError> {
    Ok(format!(
        "Ask = fun(Q, F) -> {{ok, {{_, C}}, _}} = ra:leader_query(amqqueue:get_pid(Q), F), C end, \
         [case amqqueue:get_type(Q) of \
           rabbit_quorum_queue -> \
             Ready = Ask(Q, fun rabbit_fifo:query_messages_ready/1), \
             Total = Ask(Q, fun rabbit_fifo:query_messages_total/1), \
             io:format(\"~s\\t~b\\t~b~n\", [element(4, N), Ready, max(0, Total - Ready)]); \
           _ -> \
             [{{_, Ready}}, {{_, Held}}] = rabbit_amqqueue:info(Q, [messages_ready, messages_unacknowledged]), \
             io:format(\"~s\\t~b\\t~b~n\", [element(4, N), Ready, Held]) \
         end || Q <- rabbit_amqqueue:list(), N <- [amqqueue:get_name(Q)], {}], ok.",
        is_ours(prefix)?
    ))
}

/// One expression, because rabbitmqctl deletes one queue at a time and no exchanges.
pub(super) fn deletion(prefix: &str) -> Result<String, HarnessError> {
    if prefix.is_empty() {
        let output = "without a prefix the broker's own exchanges would go, too".to_owned();
        return Err(HarnessError::Control { arguments: "eval (delete all)".to_owned(), output });
    }
    // The second element of an exchange is its resource.
    let ours = is_ours(prefix)?;
    Ok(format!(
        "[rabbit_amqqueue:delete(Q, false, false, <<\"harness\">>) || Q <- rabbit_amqqueue:list(), \
         N <- [amqqueue:get_name(Q)], {ours}], \
         [rabbit_exchange:delete(N, false, <<\"harness\">>) || X <- rabbit_exchange:list(), \
         N <- [element(2, X)], {ours}], ok."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_list_queues_is_read_and_other_prefixes_are_left_out() {
        let (name, found) = depth("a.work\t3\t1", "a.").unwrap();
        assert_eq!((name.as_str(), found), ("work", QueueDepth { ready: 3, unacknowledged: 1 }));
        assert!(depth("b.work\t3\t1", "a.").is_none());
    }

    #[test]
    fn nothing_is_deleted_without_a_prefix_or_with_one_that_is_code() {
        assert!(deletion("").is_err());
        assert!(deletion("\"), halt(), (\"").is_err());
        assert!(deletion("t4f-2.").is_ok());
    }
}
