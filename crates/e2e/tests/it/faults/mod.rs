//! Faults under load: two ingresses and four responders answer people in several threads while something breaks. Whatever
//! breaks, each question that was taken has exactly one visible answer in the end, in order, knowing the turns before it.

mod ingresses;
mod poison;
mod rabbitmq;
mod redis;
mod responders;
mod shutdown;
mod slack;
mod streams;
mod trial;
