async fn load(&self, id: u64, name: &str) -> Option<User> {
    let __cache = &(self.cache);
    let __cache = __cache.__cache();
    let mut __key = __cache.__empty_key();
    __cache.__begin(&mut __key);
    {
        let __v = __key.__of(&id);
        __key.__field(&*__v.__view(), "");
    }
    let __call = __cache
        .__call(__cache.__kind::<Option<User>, false>().__kind().__share())
        .__value_can_be_stored();
    let __looked = match __call.__hit(&__key) {
        ::core::result::Result::Ok(__returned) => return __returned,
        ::core::result::Result::Err(__looked) => __looked,
    };
    let __run = __call
        .__run(
            &__key,
            __looked,
            __cache.__policy().__detached(),
            move || {
                let __this = __cache.__taken_along(self);
                let name = __cache.__taken_along(name);
                async move {
                    let __this = __this.__lend();
                    let mut name = name.__lend();
                    #[allow(
                        unreachable_code,
                        clippy::all,
                        clippy::pedantic,
                        clippy::nursery,
                        reason = "never runs: it names the type"
                    )]
                    if false {
                        let __returned: Option<User> = loop {};
                        return __returned;
                    }
                    let id = id;
                    name = __this.short(name);
                    __this.db.load(id, name).await
                }
            },
        );
    let __run = ::core::pin::pin!(__run);
    __cache.__apart(__run).await
}
