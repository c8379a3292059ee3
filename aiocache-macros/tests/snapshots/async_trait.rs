fn load<'life0, 'async_trait>(
    &'life0 self,
    id: u64,
) -> ::core::pin::Pin<
    Box<
        dyn ::core::future::Future<
            Output = Option<u64>,
        > + ::core::marker::Send + 'async_trait,
    >,
>
where
    'life0: 'async_trait,
    Self: 'async_trait,
{
    Box::pin(async move {
        enum __Here {}
        let __cache = &(self.cache);
        let __cache = __cache.__cache();
        let mut __key = __cache.__empty_key();
        __cache.__begin(&mut __key);
        __key.__name::<__Here>();
        __key.__generic::<Self>();
        __key.__open();
        {
            let __v = __key.__of(&id);
            __key.__arg(&*__v.__view());
        }
        __key.__end();
        let __call = __cache
            .__call(__cache.__kind::<Option<u64>, false>().__kind().__share())
            .__value_can_be_stored();
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
                        let __returned: Option<u64> = loop {};
                        return __returned;
                    }
                    let __self = self;
                    Some(__self.base + id)
                },
            );
        let __run = ::core::pin::pin!(__run);
        __cache.__apart(__run).await
    })
}
