//! A sweep in a bucket of an object store that speaks S3.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, MultipartUpload, ObjectStore, ObjectStoreExt, RetryConfig};
use tokio::runtime::Runtime;

use super::folder::Folder;
use super::store::{Scratch, Store, run_of};
use crate::error::ResultsError;

/// What the environment has to say, told whenever the store refuses.
const REMEDY: &str = "are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION set, for other stores than Amazon's \
                      AWS_ENDPOINT_URL too, with AWS_ALLOW_HTTP=true where it speaks no TLS?";

/// The code of a store that has no such bucket.
const NO_BUCKET: &str = "NoSuchBucket";
/// How long a store that does not answer is asked again: one that is being started anew comes back meanwhile, and a
/// wrong address is told before a user gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Larger contents are sent in pieces of this size, in bytes: each request has 30 s, also where the line is slow.
const PIECE: usize = 8 << 20;
/// How many objects are asked for at once: the parts of a sweep are many and small.
const AT_ONCE: usize = 16;

/// A prefix in a bucket as a [`Store`]. An object is there as a whole or not at all; the store must show it at once, as
/// Amazon's and those like it do.
#[derive(Debug)]
pub(super) struct Bucket {
    bucket: String,
    /// Without `/` at its ends.
    prefix: String,
    objects: AmazonS3,
    runtime: Runtime,
    /// Where runs are written before they are sent; what killed processes leave there goes with the next one.
    scratch: Folder,
}

impl Bucket {
    /// Opens `bucket/prefix`; credentials, region and endpoint come from the environment.
    pub(super) fn open(place: &str) -> Result<Self, ResultsError> {
        let refused = |problem: String| ResultsError::Store { action: "open", place: format!("s3://{place}"), problem };
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.trim_matches('/');
        if bucket.is_empty() {
            return Err(refused("it names no bucket: write s3://bucket/prefix".into()));
        }
        Key::parse(prefix).map_err(|error| refused(format!("{error}: choose another prefix")))?;
        let backoff = BackoffConfig { max_backoff: LONGEST_PAUSE, ..BackoffConfig::default() };
        let retry = RetryConfig { backoff, max_retries: 1000, retry_timeout: PATIENCE };
        let objects = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry).build();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        // Users of one machine do not share it.
        let user = std::env::var("USER").unwrap_or_default();
        let scratch = std::env::temp_dir().join(format!("cariflex-{user}"));
        Ok(Self {
            bucket: bucket.into(),
            prefix: prefix.into(),
            objects: objects.map_err(|error| refused(format!("{error}; {REMEDY}")))?,
            runtime: runtime.map_err(|error| refused(error.to_string()))?,
            scratch: Folder::open(&scratch)?,
        })
    }

    fn key(&self, name: &str) -> Key {
        let names = [self.prefix.as_str(), name.trim_end_matches('/')];
        let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
        // As it is written, whatever its characters: other programs name the object in the same way.
        Key::parse(names.join("/")).expect("the prefix was parsed, and names of ours are plain")
    }

    fn refused(&self, action: &'static str, name: &str) -> impl FnOnce(object_store::Error) -> ResultsError {
        let place = format!("{}/{name}", self.place());
        let bucket = self.bucket.clone();
        move |error| {
            let problem = match told(&error) {
                text if text.contains(NO_BUCKET) => {
                    format!("{NO_BUCKET}: there is no bucket `{bucket}`, create it first")
                }
                text => format!("{text}; {REMEDY}"),
            };
            ResultsError::Store { action, place, problem }
        }
    }

    /// Whether a run is there: its `run.json` comes last.
    fn has_run(&self, run: &str) -> Result<bool, ResultsError> {
        let name = format!("run={run}/run.json");
        match self.runtime.block_on(self.objects.head(&self.key(&name))) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.refused("read", &name)(error)),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, ResultsError> {
        let key = self.key(name);
        let contents = async { self.objects.get(&key).await?.bytes().await };
        match contents.await {
            Ok(contents) => Ok(Some(contents.into())),
            Err(error) if is_no_object(&error) => Ok(None),
            Err(error) => Err(self.refused("read", name)(error)),
        }
    }

    fn upload(&self, run: &str, path: &Path) -> Result<(), ResultsError> {
        let mut file = File::open(path).map_err(ResultsError::io("read", path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.send(&format!("run={run}/{name}"), || {
            let mut piece = Vec::new();
            let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            read.map(|_| piece).map_err(ResultsError::io("read", path))
        })
    }

    /// Writes an object from its pieces: each has [`PIECE`] bytes, the last one fewer.
    fn send(&self, name: &str, mut next: impl FnMut() -> Result<Vec<u8>, ResultsError>) -> Result<(), ResultsError> {
        let key = self.key(name);
        let first = next()?;
        if first.len() < PIECE {
            let put = self.runtime.block_on(self.objects.put(&key, first.into()));
            return put.map(drop).map_err(self.refused("write", name));
        }
        let upload = self.runtime.block_on(self.objects.put_multipart(&key));
        let mut upload = upload.map_err(self.refused("write", name))?;
        let sent = self.send_pieces(name, &mut *upload, first, next);
        if sent.is_err() {
            // Nobody sees the pieces; a store that is gone keeps them until its own rules remove them.
            drop(self.runtime.block_on(upload.abort()));
        }
        sent
    }

    fn send_pieces(
        &self,
        name: &str,
        upload: &mut dyn MultipartUpload,
        mut piece: Vec<u8>,
        mut next: impl FnMut() -> Result<Vec<u8>, ResultsError>,
    ) -> Result<(), ResultsError> {
        while !piece.is_empty() {
            let is_last = piece.len() < PIECE;
            self.runtime.block_on(upload.put_part(piece.into())).map_err(self.refused("write", name))?;
            piece = if is_last { Vec::new() } else { next()? };
        }
        self.runtime.block_on(upload.complete()).map(drop).map_err(self.refused("write", name))
    }

    /// Removes all objects below a name, many with each request.
    fn remove_below(&self, name: &str) -> Result<(), ResultsError> {
        let found = self.objects.list(Some(&self.key(name))).map_ok(|object| object.location).boxed();
        let removed = self.objects.delete_stream(found).try_for_each(|_| async { Ok(()) });
        match self.runtime.block_on(removed) {
            Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => {
                Err(self.refused("remove", name)(error))
            }
            _ => Ok(()),
        }
    }
}

impl Store for Bucket {
    fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').into()
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ResultsError> {
        self.runtime.block_on(self.get(name))
    }

    fn read_all(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, ResultsError> {
        let reads = names.iter().map(|name| self.get(name));
        self.runtime.block_on(stream::iter(reads).buffered(AT_ONCE).try_collect())
    }

    fn write(&self, name: &str, contents: &[u8]) -> Result<(), ResultsError> {
        let mut pieces = contents.chunks(PIECE);
        self.send(name, || Ok(pieces.next().unwrap_or_default().to_vec()))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ResultsError> {
        let key = self.key(folder);
        let listed = self.runtime.block_on(self.objects.list_with_delimiter(Some(&key)));
        let listed = listed.map_err(self.refused("list", folder))?;
        let last = |key: &Key| key.filename().unwrap_or_default().to_owned();
        let folders = listed.common_prefixes.iter().map(|key| format!("{}/", last(key)));
        let mut names: Vec<String> =
            listed.objects.iter().map(|object| last(&object.location)).chain(folders).collect();
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) -> Result<(), ResultsError> {
        if name.ends_with('/') {
            return self.remove_below(name);
        }
        match self.runtime.block_on(self.objects.delete(&self.key(name))) {
            Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => {
                Err(self.refused("remove", name)(error))
            }
            _ => Ok(()),
        }
    }

    fn begin_run(&self, run: &str) -> Result<Scratch, ResultsError> {
        self.scratch.begin_run(run)
    }

    /// A run's row is written after all of its tables: where there is a row, the name of the folder is enough.
    fn complete_runs(&self) -> Result<BTreeSet<String>, ResultsError> {
        Ok(self.list("")?.iter().filter_map(|name| run_of(name)).map(str::to_owned).collect())
    }

    fn keep_run(&self, run: &str, scratch: Scratch) -> Result<(), ResultsError> {
        if self.has_run(run)? {
            return Ok(());
        }
        let unread = || ResultsError::io("list", scratch.dir());
        for entry in fs::read_dir(scratch.dir()).map_err(unread())? {
            let path = entry.map_err(unread())?.path();
            if path.extension().is_some_and(|extension| extension == "parquet") {
                self.upload(run, &path)?;
            }
        }
        self.upload(run, &scratch.dir().join("run.json"))
    }
}

/// Whether there is no such object, in a bucket that is there.
fn is_no_object(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. }) && !error.to_string().contains(NO_BUCKET)
}

/// What an error says, down to its first cause: `connection refused` stands last.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
