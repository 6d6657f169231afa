//! Many tasks that begin at the same moment.

use std::{future::Future, sync::Arc};

use tokio::{sync::Barrier, task::JoinSet};

/// Starts them all at the same moment, and waits for all.
pub(crate) async fn concurrently<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    tasks: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let tasks: Vec<F> = tasks.into_iter().collect();
    let start = Arc::new(Barrier::new(tasks.len()));
    let mut set = JoinSet::new();
    for task in tasks {
        let start = Arc::clone(&start);
        set.spawn(async move {
            start.wait().await;
            task.await
        });
    }
    set.join_all().await
}
