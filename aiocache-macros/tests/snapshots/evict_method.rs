/// Renames a user.
async fn rename(&self, id: u64, name: &str) -> Result<(), Error> {
    let __evicting = {
        let __cache = &(self.cache);
        let __cache = __cache.__cache();
        __cache
            .__evicting()
            .__key(
                &{
                    let mut __key = __cache.__key();
                    __key.__text("user:");
                    {
                        let __v = __key.__of(&id);
                        __key.__field(&*__v.__view(), ":");
                    }
                    __key
                },
            )
            .__key(
                &{
                    let mut __key = __cache.__key();
                    __key.__text("users");
                    __key
                },
            )
            .__later()
    }
        .__and({ users::load::__evict(&(id), name) });
    let __returned = async move {
        #[allow(
            unreachable_code,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            reason = "never runs: it names the type"
        )]
        if false {
            let __returned: Result<(), Error> = loop {};
            return __returned;
        }
        self.db.rename(id, name).await
    }
        .await;
    if __evicting.__returned(&__returned).__succeeded() {
        __evicting.__run().await;
    }
    __returned
}
