async fn store(&mut self, user: User) -> Result<User, Error> {
    let __cache = &{ (self.cache).__handle() };
    let __cache = __cache.__cache();
    let mut __key = __cache.__empty_key();
    __cache.__begin(&mut __key);
    __key.__text("user:");
    {
        let __v = __key.__of(&user.id);
        __key.__field(&*__v.__view(), ":");
    }
    __cache
        .__call(__cache.__kind::<Result<User, Error>, false>().__kind().__share())
        .__value_can_be_stored()
        .__ttl_with(User::lifetime)
        .__closures_fit()
        .__refresh(
            &__key,
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
                    let __returned: Result<User, Error> = loop {};
                    return __returned;
                }
                self.db.store(user).await
            },
        )
        .await
}
