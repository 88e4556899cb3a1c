/* All of it together: from the configuration to who is let in, and what a reload changes. */
#include "gatewayd/auth/auth.h"

#include "common/log.h"
#include "tests/unit/gatewayd/auth/token_fixture.h"
#include "tests/unit/temporary_folder.h"

#include <sys/stat.h>
#include <time.h>

static loop_t *loop;
static folder_t folder;
static auth_t *auth;
static buffer_t out;
static identity_t identity;

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    loop = loop_new();
    folder = folder_new();
    out = buffer_new(0);
}

static void tear_down(void)
{
    identity_release(&identity);
    auth_destroy(&auth);
    folder_remove(&folder);
    buffer_release(&out);
    loop_destroy(&loop);
}

static void write_file(const char *name, text_t text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder.path, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fwrite(text.at, 1, text.length, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static void write_keys(jwt_algorithm_t algorithm)
{
    buffer_t document = buffer_new(0);
    fixture_put_jwk(&document, algorithm, ",\"kid\":\"k\"");
    write_file("keys", buffer_text(&document));
    buffer_release(&document);
}

static config_t *configure(const char *mode, const char *roles)
{
    char settings[4][256];
    const char *list[4];
    char *environment[] = {NULL};
    snprintf(settings[0], sizeof settings[0], "gatewayd.auth.mode=%s", mode);
    snprintf(settings[1], sizeof settings[1], "gatewayd.auth.keys=%s/keys", folder.path);
    snprintf(settings[2], sizeof settings[2], "gatewayd.auth.secret_file=%s/secret", folder.path);
    snprintf(settings[3], sizeof settings[3], "gatewayd.roles=%s", roles);
    for (size_t i = 0; i < 4; i++)
        list[i] = settings[i];
    config_t *config = config_load(NULL, list, 4, environment);
    ck_assert_ptr_nonnull(config);
    return config;
}

static auth_t *open_auth(const char *mode, const char *roles)
{
    config_t *config = configure(mode, roles);
    auth = auth_new(loop, config);
    config_destroy(&config);
    return auth;
}

static bool reload(const char *roles)
{
    config_t *config = configure("jwt", roles);
    bool done = auth_reload(auth, config);
    config_destroy(&config);
    return done;
}

static auth_refusal_t admit(jwt_algorithm_t algorithm, const char *role)
{
    char claims[128];
    snprintf(claims, sizeof claims, "{\"exp\":%lld,\"role\":\"%s\"}", (long long)time(NULL) + 60, role);
    identity_release(&identity);
    return auth_admit(auth, fixture_token(&out, algorithm, algorithm == JWT_HS256 ? NULL : "k", claims), &identity);
}

START_TEST(without_tokens_everybody_is_let_in)
{
    ck_assert_ptr_nonnull(open_auth("none", "{}")); /* files that are not there do not matter */
    ck_assert(!auth_is_needed(auth) && auth_is_ready(auth));
    ck_assert_int_eq(auth_admit(auth, TEXT(""), &identity), AUTH_GRANTED);
    ck_assert(text_equal(role_name(identity.role), TEXT("everyone")) && identity.expires_ns == IDENTITY_FOREVER);
    ck_assert(auth_renew(auth, &identity));
    ck_assert(auth_everyone(auth)->role == identity.role && auth_everyone(auth)->expires_ns == IDENTITY_FOREVER);
}
END_TEST

START_TEST(with_tokens_those_of_both_files_are_let_in)
{
    write_keys(JWT_ES256);
    write_file("secret", TEXT(FIXTURE_SECRET "\n"));
    ck_assert_ptr_nonnull(open_auth("jwt", "{\"viewer\":{}}"));
    ck_assert(auth_is_needed(auth) && auth_is_ready(auth) && !auth_everyone(auth));
    ck_assert_int_eq(admit(JWT_ES256, "viewer"), AUTH_GRANTED);
    ck_assert_int_eq(admit(JWT_HS256, "viewer"), AUTH_GRANTED);
    ck_assert_int_eq(admit(JWT_HS256, "trader"), AUTH_NO_ROLE);
    ck_assert_int_eq(auth_admit(auth, TEXT(""), &identity), AUTH_NO_TOKEN);
    ck_assert(auth_count(auth, AUTH_GRANTED) == 2 && auth_count(auth, AUTH_NO_ROLE) == 1 &&
              auth_count(auth, AUTH_NO_TOKEN) == 1);
}
END_TEST

static char mistakes[512];

static void on_mistake(const char *mistake)
{
    size_t used = strlen(mistakes);
    snprintf(mistakes + used, sizeof mistakes - used, "%s;", mistake);
}

static bool check(const char *mode)
{
    mistakes[0] = '\0';
    config_t *config = configure(mode, "{\"viewer\":{}}");
    bool good = auth_check(config, on_mistake);
    config_destroy(&config);
    return good;
}

START_TEST(a_check_names_each_file_that_can_not_be_used)
{
    ck_assert(check("none") && !mistakes[0]);
    ck_assert(!check("jwt"));
    ck_assert_ptr_nonnull(strstr(mistakes, "gatewayd.auth.keys: "));
    ck_assert_ptr_nonnull(strstr(mistakes, "gatewayd.auth.secret_file: "));
    write_keys(JWT_ES256);
    write_file("secret", TEXT(FIXTURE_SECRET));
    ck_assert(check("jwt") && !mistakes[0]);
}
END_TEST

START_TEST(files_that_are_not_there_are_a_reason_not_to_start)
{
    log_set_level(LOG_LEVEL_ERROR);
    write_keys(JWT_ES256);
    ck_assert_ptr_null(open_auth("jwt", "{\"viewer\":{}}"));
}
END_TEST

START_TEST(a_reload_changes_keys_and_roles)
{
    write_keys(JWT_ES256);
    write_file("secret", TEXT(FIXTURE_SECRET));
    ck_assert_ptr_nonnull(open_auth("jwt", "{\"viewer\":{\"delay_ms\":1000}}"));
    ck_assert_int_eq(admit(JWT_ES256, "viewer"), AUTH_GRANTED);
    identity_t before = identity;
    identity = (identity_t){0};
    write_keys(JWT_EDDSA);
    ck_assert(reload("{\"viewer\":{},\"trader\":{}}"));
    ck_assert_int_eq(admit(JWT_ES256, "viewer"), AUTH_ALGORITHM);
    ck_assert_int_eq(admit(JWT_EDDSA, "trader"), AUTH_GRANTED);
    ck_assert_int_eq(role_limits(before.role)->delay_ns, 1000000000);
    ck_assert(auth_renew(auth, &before));
    ck_assert_int_eq(role_limits(before.role)->delay_ns, 0);
    ck_assert(reload("{\"trader\":{}}"));
    ck_assert(!auth_renew(auth, &before));
    ck_assert(text_equal(role_name(before.role), TEXT("viewer")));
    identity_release(&before);
}
END_TEST

START_TEST(a_reload_that_fails_changes_nothing)
{
    write_keys(JWT_ES256);
    write_file("secret", TEXT(FIXTURE_SECRET));
    ck_assert_ptr_nonnull(open_auth("jwt", "{\"viewer\":{}}"));
    write_file("secret", TEXT("short"));
    write_keys(JWT_EDDSA);
    ck_assert(!reload("{\"trader\":{}}"));
    ck_assert_int_eq(admit(JWT_ES256, "viewer"), AUTH_GRANTED);
    ck_assert_int_eq(admit(JWT_HS256, "viewer"), AUTH_GRANTED);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_check_names_each_file_that_can_not_be_used,
                                  without_tokens_everybody_is_let_in,
                                  with_tokens_those_of_both_files_are_let_in,
                                  files_that_are_not_there_are_a_reason_not_to_start,
                                  a_reload_changes_keys_and_roles,
                                  a_reload_that_fails_changes_nothing};
    return RUN_TESTS("auth", TEST_CASE_WITHIN(30, set_up, tear_down, tests));
}
