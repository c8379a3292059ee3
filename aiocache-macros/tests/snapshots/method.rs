async fn load<'a>(&'a self, mut id: u64) -> Result<Cow<'a, str>, Error> {
    let __cache = &(self.cache);
    let __cache = __cache.__cache();
    let mut __key = __cache
        .__key_in(::core::convert::AsRef::<str>::as_ref(&(self.ns())));
    {
        let __v = __key.__of(&self.tenant);
        __key.__field(&*__v.__view(), "/%{}");
    }
    __key.__text("/");
    {
        let __v = __key.__of(&id);
        __key.__field(&*__v.__view(), "/%{}");
    }
    __key.__text("%{}");
    let __call = __cache
        .__call(
            __cache.__kind::<Result<Cow<'_, str>, Error>, false>().__kind().__alone(),
        )
        .__value_can_be_stored()
        .__skip_if(User::is_guest)
        .__closures_fit();
    let __looked = match __call.__hit(&__key) {
        ::core::result::Result::Ok(__returned) => return __returned,
        ::core::result::Result::Err(__looked) => __looked,
    };
    let __run = __call
        .__run(
            &__key,
            __looked,
            __cache.__policy(),
            move || async move {
                #[allow(
                    unreachable_code,
                    clippy::all,
                    clippy::pedantic,
                    clippy::nursery,
                    reason = "never runs: it names the type"
                )]
                if false {
                    let __returned: Result<Cow<'_, str>, Error> = loop {};
                    return __returned;
                }
                id += 1;
                self.db.load(id).await
            },
        );
    let __run = ::core::pin::pin!(__run);
    __cache.__apart(__run).await
}
