//! Reading a call: where Slack looks for arguments and for the token (<https://docs.slack.dev/apis/web-api>).

use actix_web::{HttpRequest, web::Query};
use serde_json::{Map, Value};

use super::{answer::Refusal, method::Method};
use crate::{site::Site, workspace::Arguments};

/// Reads the arguments of a call and checks its token.
pub(crate) fn read(site: &Site, method: Method, request: &HttpRequest, body: &[u8]) -> Result<Arguments, Refusal> {
    let mut arguments = pairs(request.query_string())?;
    let is_json = content_type(request).is_some_and(|kind| kind == "application/json");
    if !body.is_empty() {
        let sent = if is_json { json(site, method, body)? } else { form(request, body)? };
        arguments.extend(sent);
    }
    // Slack takes a token from JSON as no token at all.
    let argument = arguments.remove("token").filter(|_| !is_json);
    let token = bearer(request).or_else(|| argument.and_then(|token| token.as_str().map(ToOwned::to_owned)));
    match token {
        None => return Err(Refusal("not_authed")),
        Some(token) if token != site.options.bot_token.expose() => return Err(Refusal("invalid_auth")),
        Some(_) => {}
    }
    let arguments = Arguments(arguments);
    for unknown in arguments.names().filter(|name| !method.arguments().contains(name)) {
        site.violation(format!("{method} has no argument `{unknown}`"));
    }
    Ok(arguments)
}

fn content_type(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get("content-type")?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default();
    Some(kind.trim().to_ascii_lowercase())
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get("authorization")?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|token| token.trim().to_owned())
}

fn pairs(text: &str) -> Result<Map<String, Value>, Refusal> {
    let pairs = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Refusal("invalid_form_data"))?;
    Ok(pairs.into_inner().into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

fn form(request: &HttpRequest, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match content_type(request).as_deref() {
        Some("application/x-www-form-urlencoded") => {
            pairs(std::str::from_utf8(body).map_err(|_| Refusal("invalid_form_data"))?)
        }
        None => Err(Refusal("missing_post_type")),
        Some(_) => Err(Refusal("invalid_post_type")),
    }
}

fn json(site: &Site, method: Method, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if !method.takes_json() {
        site.violation(format!("{method} does not read JSON: Slack ignores its arguments; send a query or a form"));
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(Refusal("json_not_object")),
        Err(_) => Err(Refusal("invalid_json")),
    }
}
