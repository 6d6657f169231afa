-- The texts of an account, for statements that mostly do not need them: a function costs nothing until it is called, whereas a table that a
-- statement names is opened each time. Stable, so that the text is that of the very state whose version the statement has seen.
CREATE FUNCTION account_body(TEXT) RETURNS TEXT LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS
$$ BEGIN RETURN (SELECT body FROM account_bodies WHERE id = $1); END $$;

CREATE FUNCTION account_attachment(TEXT) RETURNS TEXT LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS
$$ BEGIN RETURN (SELECT attachment FROM account_attachments WHERE id = $1); END $$;
