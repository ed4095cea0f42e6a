//! A sweep in a bucket of an object store that speaks S3.

use std::fs;
use std::path::Path;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::runtime::Runtime;

use super::store::{Scratch, Store};
use crate::error::ResultsError;

/// What the environment has to say, told whenever the store refuses.
const REMEDY: &str = "are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION set, for other stores than Amazon's \
                      AWS_ENDPOINT_URL too, with AWS_ALLOW_HTTP=true where it speaks no TLS?";

/// A prefix in a bucket as a [`Store`]. Objects are written in one piece; the store must show them at once, as
/// Amazon's and those like it do.
#[derive(Debug)]
pub(super) struct Bucket {
    bucket: String,
    /// Empty, or with `/` at its end.
    prefix: String,
    objects: AmazonS3,
    runtime: Runtime,
}

impl Bucket {
    /// Opens `bucket/prefix`; credentials, region and endpoint come from the environment.
    pub(super) fn open(place: &str) -> Result<Self, ResultsError> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let refused = |error: &dyn std::fmt::Display| ResultsError::Store {
            action: "open",
            place: format!("s3://{place}"),
            problem: format!("{error}; {REMEDY}"),
        };
        let objects = AmazonS3Builder::from_env().with_bucket_name(bucket).build();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Ok(Self {
            bucket: bucket.into(),
            prefix,
            objects: objects.map_err(|error| refused(&error))?,
            runtime: runtime.map_err(|error| refused(&error))?,
        })
    }

    fn key(&self, name: &str) -> Key {
        Key::from(format!("{}{}", self.prefix, name.trim_end_matches('/')))
    }

    fn refused(&self, action: &'static str, name: &str) -> impl FnOnce(object_store::Error) -> ResultsError {
        let place = format!("{}/{name}", self.place());
        move |error| ResultsError::Store { action, place, problem: format!("{error}; {REMEDY}") }
    }

    /// Whether a run is there: its `run.json` comes last.
    fn has_run(&self, run: &str) -> Result<bool, ResultsError> {
        Ok(self.read(&format!("run={run}/run.json"))?.is_some())
    }

    fn upload(&self, run: &str, path: &Path) -> Result<(), ResultsError> {
        let contents = fs::read(path).map_err(ResultsError::io("read", path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.write(&format!("run={run}/{name}"), &contents)
    }
}

impl Store for Bucket {
    fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').into()
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ResultsError> {
        let contents = self.runtime.block_on(async { self.objects.get(&self.key(name)).await?.bytes().await });
        match contents {
            Ok(contents) => Ok(Some(contents.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.refused("read", name)(error)),
        }
    }

    fn write(&self, name: &str, contents: &[u8]) -> Result<(), ResultsError> {
        let key = self.key(name);
        let put = self.objects.put(&key, contents.to_vec().into());
        self.runtime.block_on(put).map(drop).map_err(self.refused("write", name))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ResultsError> {
        let key = self.key(folder);
        let listed = self.runtime.block_on(self.objects.list_with_delimiter(Some(&key)));
        let listed = listed.map_err(self.refused("list", folder))?;
        let last = |key: &Key| key.filename().unwrap_or_default().to_owned();
        let folders = listed.common_prefixes.iter().map(|key| format!("{}/", last(key)));
        let mut names: Vec<String> = listed.objects.iter().map(|object| last(&object.location)).chain(folders).collect();
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) -> Result<(), ResultsError> {
        if name.ends_with('/') {
            return self.list(name)?.iter().try_for_each(|inner| self.remove(&format!("{name}{inner}")));
        }
        match self.runtime.block_on(self.objects.delete(&self.key(name))) {
            Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => {
                Err(self.refused("remove", name)(error))
            }
            _ => Ok(()),
        }
    }

    fn begin_run(&self, run: &str) -> Result<Scratch, ResultsError> {
        let dir = std::env::temp_dir().join(format!("cariflex-{}-{run}", std::process::id()));
        fs::create_dir_all(&dir).map_err(ResultsError::io("create the folder", &dir))?;
        Ok(Scratch::new(dir))
    }

    fn keep_run(&self, run: &str, scratch: Scratch) -> Result<(), ResultsError> {
        if self.has_run(run)? {
            return Ok(());
        }
        let entries = fs::read_dir(scratch.dir()).map_err(ResultsError::io("list", scratch.dir()))?;
        let tables = entries.filter_map(Result::ok).map(|entry| entry.path());
        tables
            .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
            .try_for_each(|path| self.upload(run, &path))?;
        self.upload(run, &scratch.dir().join("run.json"))
    }
}
