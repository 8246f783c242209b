//! Creates one entry after the other in a directory, and tells which of them it won: `create_entries <link|rename|claim> <directory>
//! <entries> <name>`. It ends with an error when it finds an entry that is not whole.

use std::error::Error;
use std::io::Write;
use std::path::Path as FilePath;

use goldsmith_lake::LocalStore;
use goldsmith_tests::mount::{entry_of, is_whole, way_of};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, directory, entries, name] = arguments.as_slice() else {
        return Err("create_entries <link|rename|claim> <directory> <entries> <name>".into());
    };
    let store = LocalStore::with_way(way_of(way)?);
    let content = entry_of(name);
    for number in 0..entries.parse::<u32>()? {
        let at = Path::from_absolute_path(FilePath::new(directory).join(format!("{number}.json")))?;
        loop {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match store.put_opts(&at, content.clone().into(), options).await {
                Ok(_) => {
                    writeln!(std::io::stdout(), "{number}")?;
                    break;
                }
                Err(object_store::Error::AlreadyExists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            match store.get(&at).await {
                Ok(found) => {
                    if !is_whole(&found.bytes().await?) {
                        return Err(format!("the entry {number} is not whole").into());
                    }
                    break;
                }
                // Others took this writer for dead.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
